"""What the end-to-end tests share: processes that are always ended, conditions with deadlines, the JSON API, the database.

Each test is a script that takes the program's path as its first argument, prints what it checked, and exits 0, 1 (a
Failure, with the logs of its processes) or 77 (skipped, visibly). Only the standard library is used. Nothing sleeps and
hopes: every wait is for a condition, and says what was missing when its deadline is over.
"""
import argparse
import calendar
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = pathlib.Path(__file__).resolve().parent / "scenarios"
SKIPPED = 77
# Generous, as it is only ever waited out when something is wrong: two loaded cores and a sanitizer are slow.
PATIENCE = float(os.environ.get("OUTAGED_E2E_PATIENCE", "60"))


class Failure(Exception):
    """What should hold does not."""


class Skipped(Exception):
    """What the test needs is not there."""


def check(condition, message):
    if not condition:
        raise Failure(message)


_print_lock = threading.Lock()


def say(text):
    with _print_lock:
        print(text, flush=True)


def wait_for(what, poll, patience=None, process=None):
    """The first true value of `poll`; a Failure once the patience, or the process, is over."""
    give_up = time.monotonic() + (PATIENCE if patience is None else patience)
    last = None
    while True:
        ended = process is not None and process.poll() is not None
        try:
            value = poll()
            if value:
                return value
        except (OSError, ValueError, sqlite3.OperationalError) as error:  # not yet there
            last = error
        if ended:
            raise Failure(f"{process.name} ended with {process.poll()} while we waited for {what}")
        if time.monotonic() > give_up:
            raise Failure(f"{what}: not before the deadline" + (f" ({last})" if last else ""))
        time.sleep(0.02)


def free_environment():
    """Ours, without what would send loopback requests elsewhere or change how the program logs."""
    drop = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "journal_stream", "notify_socket", "watchdog_usec"}
    return {key: value for key, value in os.environ.items() if key.lower() not in drop}


class Process:
    """A child with its output in a file."""

    def __init__(self, name, command, log, environment=None):
        self.name, self.log = name, pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.began = output.tell()  # a restart appends: what this one says begins here
            self._child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                                           stderr=subprocess.STDOUT, env={**free_environment(), **(environment or {})})

    @property
    def pid(self):
        return self._child.pid

    def poll(self):
        return self._child.poll()

    def output(self):
        with open(self.log, "rb") as log:
            log.seek(self.began)
            return log.read().decode(errors="replace")

    def wait_output(self, pattern, patience=None):
        """The match of a regular expression in what it said so far."""
        return wait_for(f"{self.name} to say /{pattern}/", lambda: re.search(pattern, self.output()), patience, self)

    def send(self, number):
        self._child.send_signal(number)

    def kill(self):
        """The hard way: SIGKILL, and gone when this returns."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()

    def wait(self, patience=None):
        try:
            return self._child.wait(PATIENCE if patience is None else patience)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} has not ended after {PATIENCE if patience is None else patience:.0f} s") from None

    def stop(self, patience=None):
        """SIGTERM; the exit code."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        return self.wait(patience)


class Workspace:
    """A temporary folder and all processes started in it, both gone at the end. Shows the logs of what failed."""

    def __init__(self, program, name="outaged-e2e"):
        self.program = str(program)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=name + "-"))
        self._processes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for process in self._processes:
            process.kill()
        if kind is not None and kind is not Skipped:
            for log in dict.fromkeys(process.log for process in self._processes):
                say(f"--- {log.name} (end)\n" + log.read_text(errors="replace")[-6000:])
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name, text=None, mode=None):
        path = self.path / name
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if mode is not None:
            path.chmod(mode)
        return path

    def start(self, name, *arguments, environment=None):
        process = Process(name, [self.program, *arguments], self.path / (name + ".log"), environment)
        self._processes.append(process)
        return process

    def start_with_port(self, name, *arguments):
        """For what takes --port-file. The process and its port."""
        port_file = self.path / (name + ".port")
        process = self.start(name, *arguments, "--port-file", port_file)
        return process, int(wait_for(f"{name}'s port", lambda: port_file.exists() and port_file.read_text(), process=process))

    def daemon(self, config, *arguments, name="outaged", environment=None):
        """`outaged run`, once it answers. The process and its port."""
        process = self.start(name, "run", "--config.file", config, *arguments, environment=environment)
        port = int(process.wait_output(r"page http://[^\s/]*:(\d+)/")[1])
        wait_for("the API", lambda: get(port, "/-/ready")[0] == 200, process=process)
        return process, port

    def run(self, *arguments, patience=None, stdin=b""):
        """To its end: exit code, stdout, stderr."""
        patience = PATIENCE if patience is None else patience
        try:
            done = subprocess.run([self.program, *map(str, arguments)], input=stdin, capture_output=True, timeout=patience,
                                  env=free_environment())
        except subprocess.TimeoutExpired:
            raise Failure(f"outaged {' '.join(map(str, arguments))}: not done after {patience:.0f} s") from None
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request(port, path, method="GET", headers=None, timeout=20):
    """Status, headers and text, whatever the status is."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, headers=headers or {})
    if method == "POST":
        asked.data = b""
    try:
        with _opener.open(asked, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode(errors="replace")


def get(port, path):
    status, _, text = request(port, path)
    return status, text


def get_json(port, path):
    status, text = get(port, path)
    check(status == 200, f"GET {path} answered {status}: {text[:300]}")
    return json.loads(text)


def free_port():
    """For what takes no port 0. Nothing holds it: whoever starts must be asked whether it got it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bytes_waiting(port):
    """What lies in the kernel for whoever listens on that port of loopback, and has not been read."""
    waiting = 0
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == "01":  # established
            waiting += int(fields[4].partition(":")[2], 16)
    return waiting


class Database:
    """A copy of a database, journal included, so that looking changes nothing for the daemon that will open it."""

    def __init__(self, path, into):
        into = pathlib.Path(into)
        into.mkdir(parents=True, exist_ok=True)
        for ending in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(str(path) + ending, into / ("copy" + ending))
        self._connection = sqlite3.connect(into / "copy")
        self._connection.row_factory = sqlite3.Row

    def rows(self, query, *values):
        return [dict(row) for row in self._connection.execute(query, values)]

    def close(self):
        self._connection.close()


def integrity(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]


def millis(text):
    """"2026-04-13T14:03:00.123Z" as milliseconds since 1970."""
    base, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(base, "%Y-%m-%dT%H:%M:%S")) * 1000 + int((fraction or "0").ljust(3, "0")[:3])


def fixtures():
    """The folder of recorded fixtures, or None."""
    folder = pathlib.Path(os.environ.get("OUTAGED_FIXTURES") or SOURCE.parent / "shared" / "fixtures")
    return folder if folder.is_dir() else None


def main(test, arguments=()):
    """Runs `test(options)` of a script; `arguments` are more add_argument calls."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path, help="the outaged binary")
    for names, settings in arguments:
        parser.add_argument(*names, **settings)
    options = parser.parse_args()
    options.program = options.program.resolve()
    if not os.access(options.program, os.X_OK):
        sys.exit(f"{options.program}: not a program")
    began = time.monotonic()
    try:
        test(options)
    except Skipped as reason:
        say(f"SKIPPED: {reason}")
        sys.exit(SKIPPED)
    except Failure as failure:
        say(f"FAILED: {failure}")
        sys.exit(1)
    say(f"passed in {time.monotonic() - began:.1f} s")
