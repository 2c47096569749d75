#!/usr/bin/env python3
"""The life of one installation: start, a second instance, reloads good and bad, stop, start again, what stays secret.

    lifecycle.py OUTAGED
"""
import contextlib
import os
import re
import signal
import sqlite3
import time

from support import SCENARIOS, Database, Workspace, check, get, get_json, integrity, main, request, say, wait_for

STOPS_WITHIN = 5  # seconds

# Each appears in the configuration by another way, and nowhere else at all.
SECRETS = {"header from a file": "s3cret-header-2f6d", "body": "s3cret-body-88aa", "chat URL": "s3cret-path-1",
           "signing secret": "c2VjcmV0LXNpZ25pbmcta2V5", "header from the environment": "s3cret-env-5c1e",
           "receiver header": "s3cret-receiver-header-77"}

CONFIG = """
web: {{listen_address: "127.0.0.1:0"}}
storage: {{path: "{database}"}}
log: {{level: debug}}
defaults:
  interval: 500ms
  timeout: 500ms
  detection: {{failure_threshold: 3, success_threshold: 2, min_outage: 0s}}
  mismatch: {{grace: 1s, gate_after: 1s}}
controls: {{interval: 1s, targets: [{{name: one, url: "{provider}/control/1"}}, {{name: two, url: "{provider}/control/2"}}]}}
services:
  - name: shop
    title: The Shop
    page: {{url: "{provider}/status", interval: 1s}}
    components:
      - name: api
        targets:
          - name: works
            url: {provider}/works
            headers: {{authorization: {{file: header-secret, prefix: "Bearer "}}, x-env: {{env: E2E_SECRET}}}}
          - {{name: fails, url: "{provider}/fails", method: POST, body: "{body}"}}
          - {{name: hangs, url: "{provider}/hangs", interval: 30s, timeout: 30s}}
{more}
receivers:
  - {{name: chat, kind: slack, url_file: chat-url, backoff_first: 200ms, backoff_max: 1s}}
  - {{name: hook, kind: webhook, url: "{receiver}/webhook", signing_secret: "whsec_{signing}", headers: {{x-token: "{token}"}}}}
"""

# One line each, and where it is wrong. The last one swallows what follows, so it stands last.
MISTAKES = [
    ("defaults: {interval: 10s, timeout: 20s, retries: 3}", ["timeout 20s is longer", 'unknown key "retries"']),
    ("services:", []),
    ("  - name: shop", []),
    ("    components:", []),
    ("      - name: api", []),
    ("        targets:", []),
    ("          - {name: one, url: \"http://127.0.0.1:1/\", interval: soon}", ['not "soon"']),
    ("          - {name: one, url: \"http://127.0.0.1:1/\"}", ['"one" is defined twice']),
    ("receivers:", []),
    ("  - {name: chat, kind: slack, url_file: no-such-secret}", ["cannot read the file"]),
    ("  - {name: chat, kind: slack, url: \"http://127.0.0.1:1/\"}", ['"chat" is defined twice']),
]
OPEN_QUOTE = ("log: {level: \"info}", ["this quote is never closed"])


class Installation:
    def __init__(self, space):
        self.space = space
        scenario = SCENARIOS / "lifecycle.yaml"
        self.arrivals = space.file("arrivals.jsonl")
        _, self.provider = space.start_with_port("provider", "simulate", scenario)
        _, self.receiver = space.start_with_port("receiver", "receive", "--scenario", scenario, "--log-file", self.arrivals)
        self.database = space.file("outaged.db")
        self.config = space.path / "outaged.yaml"
        space.file("header-secret", SECRETS["header from a file"] + "\n", 0o600)
        space.file("chat-url", f"http://127.0.0.1:{self.receiver}/hook/{SECRETS['chat URL']}\n", 0o600)
        self.write()

    def write(self, more=""):
        self.config.write_text(CONFIG.format(
            database=self.database, provider=f"http://127.0.0.1:{self.provider}", receiver=f"http://127.0.0.1:{self.receiver}",
            body=SECRETS["body"], signing=SECRETS["signing secret"], token=SECRETS["receiver header"], more=more))

    def hanging(self):
        return get_json(self.provider, "/-/requests")["endpoints"]["/hangs"]["requests"]

    def start(self):
        return self.space.daemon(self.config)


def quickly_refused(space, what, *arguments):
    """A start that must fail at once; what it said."""
    began = time.monotonic()
    code, out, said = space.run("run", *arguments)
    check(code == 1, f"{what}: exit code {code}\n{out}{said}")
    check(time.monotonic() - began < 15, f"{what}: said so only after {time.monotonic() - began:.0f} s")
    return out + said


def started(here, daemon, port):
    lines = daemon.output().splitlines()
    said = "\n".join(lines[:12])
    for words in ("outaged 0.", "watching The Shop", "tells chat (slack), hook (webhook)", f"page http://127.0.0.1:{port}/"):
        check(words in said, f"the first lines do not say \"{words}\":\n{said}")
    check(re.search(r" outaged \d", lines[0]), f"the first line is not who speaks: {lines[0]}")
    for path, part in (("/-/healthy", "healthy"), ("/-/ready", "ready"), ("/metrics", "outaged_build_info"), ("/", "The Shop")):
        status, text = get(port, path)
        check(status == 200 and part in text, f"GET {path}: {status} {text[:200]}")
    listed = get_json(port, "/api/v1/services")["services"]
    check([service["service"] for service in listed] == ["shop"], f"/api/v1/services lists {listed}")
    check(get(port, "/api/v1/nothing")[0] == 404, "an unknown path is not a 404")
    wait_for("an answer of the target that works",
             lambda: get_json(port, "/api/v1/targets/shop/api/works")["health"] == "operational")
    say("start: the first lines say what is watched; healthy, ready, metrics, page and API answer")


def second_instance(here, port):
    said = quickly_refused(here.space, "a second instance on the same database", "--config.file", here.config)
    check(str(here.database) in said and "another" in said, f"a second instance on the same database says: {said}")
    said = quickly_refused(here.space, "a second instance on the same port", "--config.file", here.config,
                           "--storage.path", here.space.path / "other.db", "--web.listen-address", f"127.0.0.1:{port}")
    check(str(port) in said and "in use" in said, f"a second instance on the same port says: {said}")
    check(get(port, "/-/healthy")[0] == 200, "the first instance suffered")
    say("a second instance on the same database, or the same port, says so and exits 1")


def targets(port):
    return sorted(target["target"] for target in get_json(port, "/api/v1/targets")["targets"])


def good_reload(here, daemon, port):
    check(targets(port) == ["fails", "hangs", "works"], f"targets: {targets(port)}")
    here.write(more=f"          - {{name: added, url: \"http://127.0.0.1:{here.provider}/works\"}}\n")
    daemon.send(signal.SIGHUP)
    wait_for("the new target", lambda: "added" in targets(port), process=daemon)
    wait_for("an answer of the new target", lambda: get_json(port, "/api/v1/targets/shop/api/added")["health"] == "operational")
    here.write()
    status, _, said = request(port, "/-/reload", method="POST")
    check(status == 200, f"POST /-/reload: {status} {said}")
    wait_for("the target to be gone", lambda: "added" not in targets(port), process=daemon)
    check(get(port, "/-/reload")[0] == 405, "GET /-/reload is not refused")
    check(request(port, "/-/reload", method="POST", headers={"Sec-Fetch-Site": "cross-site"})[0] == 403,
          "another web site may reload")
    say("reload, by SIGHUP and by POST: a new target appears, and goes")


def places(mistakes):
    """What each mistake must be reported as: (line number, words)."""
    return [(number, words) for number, (_, expected) in enumerate(mistakes, 1) for words in expected]


def require_places(where, said, file, expected):
    for number, words in expected:
        check(any(re.search(rf"{re.escape(str(file))}:{number}:[1-9]\d*: ", line) and words in line for line in said.splitlines())
              or re.search(rf"{re.escape(str(file))}:{number}:[1-9]\d*: [^\n]*?{re.escape(words)}", said),
              f"{where} does not name line {number} ({words}):\n{said}")


def bad_reload(here, daemon, port):
    good = here.config.read_text()
    before = get_json(port, "/api/v1/services")["services"][0]["title"]
    for name, mistakes in (("six kinds of mistake", MISTAKES), ("a quote that is never closed among them", MISTAKES + [OPEN_QUOTE])):
        here.config.write_text("\n".join(line for line, _ in mistakes) + "\n")
        expected = places(mistakes)
        began = len(daemon.output())
        status, _, said = request(port, "/-/reload", method="POST")
        check(status == 400, f"{name}: POST /-/reload answered {status}")
        require_places(f"{name}: the answer of POST /-/reload", said, here.config, expected)
        daemon.send(signal.SIGHUP)
        wait_for("the refusal in the log", lambda: daemon.output()[began:].count("reload refused") >= 2, process=daemon)
        require_places(f"{name}: the log", daemon.output()[began:], here.config, expected)
        code, out, said = here.space.run("check-config", "--config.file", here.config)
        check(code == 1 and not out, f"{name}: check-config exits {code} and prints {out}")
        require_places(f"{name}: check-config", said, here.config, expected)
        quickly_refused(here.space, name, "--config.file", here.config)
    wait_for("the metric of a refused reload", lambda: "outaged_config_reload_successful 0" in get(port, "/metrics")[1])
    check(targets(port) == ["fails", "hangs", "works"], f"targets after refused reloads: {targets(port)}")
    check(get_json(port, "/api/v1/services")["services"][0]["title"] == before, "the old configuration is gone")
    seen = get_json(port, "/api/v1/targets/shop/api/works")["probes_by_class"]["ok"]
    wait_for("probes after the refused reloads", lambda: get_json(port, "/api/v1/targets/shop/api/works")["probes_by_class"]["ok"] > seen)
    here.config.write_text(good)
    check(request(port, "/-/reload", method="POST")[0] == 200, "the mended configuration is not taken")
    wait_for("the metric to be well again", lambda: "outaged_config_reload_successful 1" in get(port, "/metrics")[1])
    code, out, said = here.space.run("check-config", "--config.file", here.config)
    check(code == 0 and "watching The Shop" in out, f"check-config of the mended configuration: {code} {out} {said}")
    say("reload of a bad configuration: refused with every mistake's file, line and column, in the log, the answer and by "
        "check-config; the old one goes on")


def told(here, port):
    """An incident, delivered to the one receiver and refused by the other: now every secret has been used."""
    def over():
        rows = get_json(port, "/api/v1/incidents")["incidents"]
        if not rows:
            return None
        told = get_json(port, f"/api/v1/incidents/{rows[0]['id']}")["notifications"]
        states = {row["receiver"]: row["state"] for row in told if row["kind"] == "fire"}
        return rows[0]["id"] if states.get("hook") == "delivered" and states.get("chat") in ("dead", "pending") and \
            any(row["receiver"] == "chat" and row["attempts"] > 0 for row in told) else None
    incident = wait_for("an incident, delivered and refused", over)
    check(incident.startswith("shop.api-"), f"an incident of what? {incident}")
    return incident


def everything_it_says(port, incident):
    paths = ["/", f"/incidents/{incident}", "/metrics", "/-/ready", "/api/v1/services", "/api/v1/targets", "/api/v1/targets/shop/api/works",
             "/api/v1/targets/shop/api/fails", "/api/v1/incidents", f"/api/v1/incidents/{incident}", "/api/v1/claims", "/api/v1/verdicts"]
    answers = {}
    for path in paths:
        status, answers[path] = get(port, path)
        check(status == 200, f"GET {path}: {status}")
    return answers


def secrets_stay(here, daemon, answers):
    places = {**answers, "the log": daemon.log.read_text(errors="replace")}
    for name in ("outaged.db", "outaged.db-wal", "outaged.db-shm"):
        with contextlib.suppress(FileNotFoundError):
            places[name] = (here.space.path / name).read_bytes().decode("latin-1")
    for what, secret in SECRETS.items():
        for place, text in places.items():
            check(secret not in text, f"the {what} stands in {place}")
    received = here.arrivals.read_text()
    check(SECRETS["receiver header"] in received and SECRETS["chat URL"] in received, "the secrets were never used: this proves nothing")
    say(f"none of {len(SECRETS)} secrets stands in the log, the database's files or any of {len(answers)} answers")


def stop(here, daemon, number):
    began = time.monotonic()
    daemon.send(number)
    code = daemon.wait()
    took = time.monotonic() - began
    check(code == 0, f"signal {number}: exit code {code}")
    check(took < STOPS_WITHIN, f"signal {number}: stopped only after {took:.1f} s")
    check(integrity(here.database) == "ok", "the database is damaged")
    return took


def newer_schema(here):
    copy = here.space.path / "newer.db"
    with contextlib.closing(sqlite3.connect(here.database)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version = {version + 7}")
    before = copy.read_bytes()
    said = quickly_refused(here.space, "a newer schema", "--config.file", here.config, "--storage.path", copy)
    check(f"schema version {version + 7}" in said and "install" in said, f"a newer schema is refused with: {said}")
    check(copy.read_bytes() == before, "the newer database was changed")
    foreign = here.space.path / "foreign.db"
    with contextlib.closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE mine (x)")
        connection.commit()
    said = quickly_refused(here.space, "a foreign database", "--config.file", here.config, "--storage.path", foreign)
    check("another application" in said, f"a foreign database is refused with: {said}")
    say("a database with a newer schema, or of another application, is refused, says what to do, and is left alone")


def lifecycle(options):
    os.environ["E2E_SECRET"] = SECRETS["header from the environment"]
    with Workspace(options.program, "outaged-lifecycle") as space:
        here = Installation(space)
        daemon, port = here.start()
        started(here, daemon, port)
        incident = told(here, port)
        second_instance(here, port)
        good_reload(here, daemon, port)
        bad_reload(here, daemon, port)
        answers = everything_it_says(port, incident)
        before = get_json(port, f"/api/v1/incidents/{incident}")
        wait_for("a probe that hangs", lambda: here.hanging() > 0)
        took = stop(here, daemon, signal.SIGTERM)
        say(f"SIGTERM: exit 0 after {took:.1f} s although a target hangs, and the database is whole")

        database = Database(here.database, space.path / "copy")
        rows = {row["key"] for row in database.rows("SELECT key FROM outbox")}
        database.close()
        daemon, port = here.start()
        after = get_json(port, f"/api/v1/incidents/{incident}")
        for field in ("id", "onset", "detected", "state", "worst"):
            check(before[field] == after[field], f"after a restart {field} is {after[field]}, it was {before[field]}")
        check([each["id"] for each in get_json(port, "/api/v1/incidents")["incidents"]] == [incident], "another incident after a restart")
        check(rows <= {row["key"] for row in after["notifications"]}, "notifications are gone after a restart")
        answers |= {path + " (again)": text for path, text in everything_it_says(port, incident).items()}
        took = stop(here, daemon, signal.SIGINT)
        say(f"a restart shows the same incident and notifications; SIGINT: exit 0 after {took:.1f} s")

        secrets_stay(here, daemon, answers)
        newer_schema(here)


if __name__ == "__main__":
    main(lifecycle)
