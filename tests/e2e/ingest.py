"""Real traffic, people and heartbeats, told to the real daemon by the very clients in examples/clients."""
import contextlib
import datetime
import http.server
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import support
from support import check, get_json, say, wait_for

CLIENTS = support.SOURCE / "examples" / "clients"

CONFIG = """
controls: {{targets: []}}
web: {{listen_address: "127.0.0.1:0"}}
storage: {{path: {database}}}
services:
  - {{name: claude, title: Claude, components: [{{name: api, title: Claude API, reported: true}}]}}
  - {{name: openai, title: OpenAI, components: [{{name: api, title: OpenAI API, reported: true}}]}}
  - name: backup
    components:
      - name: db
        targets:
          - {{name: nightly, kind: push, interval: 1s, grace: 2s, token: s3cret, detection: {{min_outage: 1s}}}}
          - {{name: hourly, kind: push, interval: 1h}}
receivers:
  - {{name: hook, kind: webhook, url: "http://127.0.0.1:{hook}/"}}
"""


def post(port, path, body, headers=None):
    import urllib.error
    import urllib.request
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers or {})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def reported(port, component, source):
    """The streams of a source with a component, by name."""
    targets = get_json(port, f"/api/v1/targets?component={component}&q=%40{source}")["targets"]
    return {target["target"]: target for target in targets if target["source"] == source}


def counted(port, component, source):
    """Requests by class, of all its streams."""
    total = {}
    for target in reported(port, component, source).values():
        for name, count in target["probes_by_class"].items():
            total[name] = total.get(name, 0) + count
    return total


def load(name):
    spec = importlib.util.spec_from_file_location(name, CLIENTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def snippets(port, folder):
    environment = {**support.free_environment(), "OUTAGED": f"http://127.0.0.1:{port}"}

    def run(source, *command):
        done = subprocess.run(command, capture_output=True, timeout=support.PATIENCE, env={**environment, "SOURCE": source})
        check(done.returncode == 0, f"{command}: {done.stderr.decode(errors='replace')}")
        check(json.loads(done.stdout.decode().replace("'", '"'))["accepted"] == 1 if source != "node" else b"accepted: 1" in done.stdout,
              f"{command} printed {done.stdout}")
        wait_for(f"the report of {source}", lambda: counted(port, "claude/api", source) == {"ok": 1})
        say(f"  {source}: taken")

    run("python", sys.executable, "-B", str(CLIENTS / "report.py"))
    if shutil.which("curl"):
        run("shell", "sh", str(CLIENTS / "report.sh"), "claude/api", "200", "812.5")
    else:
        say("SKIPPED: report.sh, there is no curl")
    node = shutil.which("node")
    if node and int(subprocess.run([node, "-p", "process.versions.node.split('.')[0]"], capture_output=True).stdout or 0) >= 18:
        run("node", node, str(CLIENTS / "report.mjs"))
    else:
        say("SKIPPED: report.mjs, there is no node 18 or later")


def litellm(port):
    """The callback as LiteLLM calls it: with its keyword arguments, its exceptions by their names, its datetimes."""
    module = load("litellm_outaged")
    callback = module.Outaged(f"http://127.0.0.1:{port}", "litellm-eu", {"anthropic": "claude/api", "openai": "openai/api"}, every=0.05)
    now = datetime.datetime.now()
    begun = now - datetime.timedelta(seconds=1.5)

    class Timeout(Exception):
        pass

    class InternalServerError(Exception):
        status_code = 500

    class RateLimitError(Exception):
        status_code = 429

    class Answer:
        id = "msg_1"

    ask = {"model": "claude-opus-4", "custom_llm_provider": "anthropic"}
    for _ in range(20):
        callback.log_success_event(ask, Answer(), begun, now)
    for error in (Timeout(), InternalServerError(), InternalServerError(), RateLimitError()):
        callback.log_failure_event({**ask, "exception": error}, None, begun, now)
    callback.log_success_event({"model": "gpt 5", "custom_llm_provider": "openai"}, Answer(), begun, now)
    callback.log_success_event({"model": "other", "custom_llm_provider": "nobody"}, Answer(), begun, now)
    want = {"ok": 20, "timeout_before_first_byte": 1, "server_error": 2, "rate_limited": 1}
    wait_for("LiteLLM's rows", lambda: counted(port, "claude/api", "litellm-eu") == want)
    wait_for("the other provider's", lambda: counted(port, "openai/api", "litellm-eu") == {"ok": 1})
    stream = reported(port, "claude/api", "litellm-eu")["@litellm-eu,model=claude-opus-4"]
    check(stream["labels"] == {"model": "claude-opus-4", "source": "litellm-eu"}, stream["labels"])
    check("@litellm-eu,model=gpt_5" in reported(port, "openai/api", "litellm-eu"), "a model's name is made to fit")
    check(callback.dropped == 0, f"{callback.dropped} rows were dropped")
    away = module.Outaged(f"http://127.0.0.1:{support.free_port()}", "x", {"anthropic": "claude/api"}, every=60)
    away.log_success_event(ask, Answer(), begun, now)
    check(away.flush() == 0 and away.dropped == 1, "with outaged away a row is dropped, and nothing is raised")
    say("  LiteLLM's callback: taken, by provider, model and exception")


def nginx(workspace, port):
    line = '{{"time": {:.3f}, "upstream": "192.0.2.1:443", "status": "{}", "seconds": "{}", "id": "{}"}}\n'
    now = time.time()
    log = "".join(line.format(now, "200", "0.250", "") for _ in range(50))
    log += "".join(line.format(now, "502, 200", "0.1, 0.2", "") for _ in range(3))      # the second upstream answered
    log += "".join(line.format(now, "503", "0.010", "req_7") for _ in range(7))
    log += line.format(now, "-", "-", "") + "not json\n" + '{"half":\n'
    command = [sys.executable, "-B", str(CLIENTS / "nginx_outaged.py"), "--component", "openai/api", "--outaged", f"http://127.0.0.1:{port}"]
    done = subprocess.run([*command, "--source", "nginx-pipe", "-"], input=log.encode(), capture_output=True, timeout=support.PATIENCE,
                          env=support.free_environment())
    check(done.returncode == 0 and not done.stderr, done.stderr.decode())
    wait_for("nginx's lines", lambda: sum(counted(port, "openai/api", "nginx-pipe").values()) == 60)
    check(counted(port, "openai/api", "nginx-pipe")["ok"] == 53, counted(port, "openai/api", "nginx-pipe"))

    # Followed, over a rotation, while it is written.
    path = workspace.file("access.log", "an old line\n")
    process = support.Process("nginx_outaged", [*command, "--source", "nginx-file", "--every", "0.2", path], workspace.path / "nginx.log")
    try:
        def write(count):
            with open(path, "a", encoding="utf-8") as file:
                for _ in range(count):
                    file.write(line.format(time.time(), "200", "0.1", ""))
                    file.flush()

        def arrived(least):
            return sum(counted(port, "openai/api", "nginx-file").values()) >= least

        # It begins at the file's end, whenever it has opened it: write until the first has come.
        def begin():
            write(1)
            time.sleep(0.2)
            return arrived(1)

        wait_for("the shipper to follow the log", begin, process=process)
        time.sleep(0.5)
        before = sum(counted(port, "openai/api", "nginx-file").values())
        write(20)
        wait_for("twenty more", lambda: arrived(before + 20), process=process)
        os.rename(path, str(path) + ".1")
        write(5)
        wait_for("five more, after the rotation", lambda: arrived(before + 25), process=process)
    finally:
        process.kill()
    say("  nginx log shipper: from a pipe, and from a file over its rotation")


def rows(port):
    good = {"component": "claude/api", "source": "app", "outcome": "ok"}
    status, told = post(port, "/api/v1/observations", [good, {**good, "component": "claude/apo"}, {**good, "at": time.time() - 3600}, good])
    check(status == 207 and told["accepted"] == 2 and [problem["row"] for problem in told["errors"]] == [2, 3], told)
    check("did you mean" in told["errors"][0]["error"] and "too old" in told["errors"][1]["error"], told)
    status, told = post(port, "/api/v1/observations", b"x" * (1024 * 1024 + 1))
    check(status == 413, told)
    status, _ = post(port, "/api/v1/observations", json.dumps(good), {"Sec-Fetch-Site": "cross-site"})
    check(status == 403, f"another web site is answered {status}")
    say("  rows: good ones kept, bad ones answered one by one, bounds held")


def outage(port):
    """Five minutes of traffic in one request, with the time of each: both fine, then one of two services fails."""
    now = time.time()
    lines = []
    for ago in range(300, -1, -2):
        bad = 44 if ago <= 150 else 0
        for component, failing in (("claude/api", bad), ("openai/api", 0)):
            row = {"component": component, "source": "gateway", "at": now - ago}
            lines.append({**row, "status": 200, "count": 100 - failing, "latency_ms": 900})
            if failing:
                lines.append({**row, "status": 500, "count": failing, "request_id": f"req_{ago}"})
    status, told = post(port, "/api/v1/observations", "\n".join(map(json.dumps, lines)))
    check(status == 200 and told["accepted"] == len(lines), told)
    incident = wait_for("the incident", lambda: get_json(port, "/api/v1/incidents?service=claude")["incidents"])[0]
    check(incident["state"] == "open" and incident["failures"] >= 44 * 60, incident)
    onset = support.millis(incident["onset"]) / 1000
    check(abs(onset - (now - 150)) <= 20, f"onset {onset - now:.0f} s from now, expected -150")
    whole = get_json(port, f"/api/v1/incidents/{incident['id']}")
    check(any(proof["request_id"].startswith("req_") for proof in whole["proof"]), whole["proof"])
    check(not get_json(port, "/api/v1/incidents?service=openai")["incidents"], "the other service is not blamed")
    component = get_json(port, "/api/v1/services/claude")["components"][0]
    check("gateway reports" in component["why"], component["why"])
    say(f"  an outage in reported traffic: {incident['failures']} of {incident['probes']} requests")
    return incident["id"]


def people(port):
    for name in ("anna", "bert", "bert", "cleo"):
        status, told = post(port, "/api/v1/reports", {"component": "claude/api", "by": name, "comment": "500 all the time"})
        check(status == 202 and told["health"] != "operational", told)
    component = wait_for("three people", lambda: (lambda c: c if c["reports"]["last_hour"] == 3 else None)(
        get_json(port, "/api/v1/services/claude")["components"][0]))
    check("3 people report that it fails for them." in component["why"], component["why"])
    say("  people: three of them, named beside the incident")


def heartbeats(port):
    def health():
        targets = {target["target"]: target for target in get_json(port, "/api/v1/targets?service=backup")["targets"]}
        return targets["nightly"]

    beat = "/api/v1/heartbeat/backup/db/nightly"
    check(post(port, beat, b"")[0] == 401, "without the token")
    check(post(port, "/api/v1/heartbeat/backup/db/weekly", b"")[0] == 404, "unknown target")
    check(post(port, "/api/v1/heartbeat/backup/db/hourly", b"")[0] == 200, "no token is asked for")
    authorization = {"Authorization": "Bearer s3cret"}

    def proven():
        check(post(port, beat, b"", authorization)[0] == 200, "with the token")
        return health()["proven"]

    wait_for("the first heartbeat to be seen", proven)
    check(post(port, beat, {"status": "fail", "message": "disk full"}, authorization)[0] == 200, "a failure is taken")
    wait_for("what it reported", lambda: (health()["last_probe"] or {}).get("class") == "reported_bad")
    check("disk full" in health()["last_probe"]["evidence"]["detail"], health()["last_probe"])
    wait_for("silence", lambda: (health()["last_probe"] or {}).get("class") == "silent")
    wait_for("the incident of a silent job", lambda: get_json(port, "/api/v1/incidents?service=backup")["incidents"])

    def recovered():
        check(post(port, beat, b"", authorization)[0] == 200, "alive again")
        return get_json(port, "/api/v1/incidents?service=backup")["incidents"][0]["state"] != "open"

    wait_for("its end", recovered)
    say("  heartbeats: token, failure, silence, recovery")


@contextlib.contextmanager
def receiver():
    """Takes what is told, and says yes."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def test(options):
    with support.Workspace(options.program, "outaged-ingest") as workspace, receiver() as hook:
        config = workspace.file("outaged.yaml", CONFIG.format(database=workspace.path / "outaged.db", hook=hook), 0o600)
        daemon, port = workspace.daemon(config)
        rows(port)
        snippets(port, workspace.path)
        litellm(port)
        nginx(workspace, port)
        heartbeats(port)
        incident = outage(port)
        people(port)
        metrics = support.get(port, "/metrics")[1]
        check('outaged_reported_requests_total{service="claude",component="api",target="@gateway",source="gateway",class="server_error"}' in metrics,
              "\n".join(line for line in metrics.splitlines() if "reported_requests_total" in line))
        check('outaged_ingest_rows_total{result="refused"} 2' in metrics, "refused rows are counted")

        streams = sorted(target["target"] for target in get_json(port, "/api/v1/targets")["targets"])
        daemon.kill()
        daemon, port = workspace.daemon(config, name="again")
        check(sorted(target["target"] for target in get_json(port, "/api/v1/targets")["targets"]) == streams, "who reports is known after a crash")
        found = get_json(port, "/api/v1/incidents?service=claude")["incidents"]
        check([each["id"] for each in found] == [incident] and found[0]["state"] == "open", found)
        reports = get_json(port, "/api/v1/services/claude")["components"][0]["reports"]
        check(reports["last_hour"] == 3, reports)
        check(daemon.stop() == 0, "it stops")
        code, out, err = workspace.run("replay", "--db", workspace.path / "outaged.db", "--json")
        check(code == 0 and incident in out, f"replay: {code} {err} {out[:2000]}")
        say("  after a crash, and in a replay: the same streams, the same incident")
        check("s3cret" not in "".join(process.output() for process in (daemon,)), "no secret in the log")


if __name__ == "__main__":
    support.main(test)
