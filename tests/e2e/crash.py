#!/usr/bin/env python3
"""Kills the daemon with SIGKILL, at seeded random moments of an incident, and starts it again on the same database.

    crash.py OUTAGED [--runs N] [--seed S] [--parallel P]

Provider, receiver and daemon are processes of their own. One run is left alone: the reference. What must hold at the end
of every run: one incident, with the id, onset, detection and admission that stood in the database at each kill; its times
true to the scenario to within what we could see; the same notifications as in the reference, each delivered, none sent
before it was stored, duplicates only under the same webhook-id, and nothing invented.
"""
import concurrent.futures
import json
import random
import signal
import time

from support import SCENARIOS, Database, Failure, Workspace, bytes_waiting, check, get_json, integrity, main, millis, say, wait_for

INTERVAL, POLL = 0.5, 0.6  # seconds: of the probes, of the page
FAILING, ADMITS, RECOVERS, CLEARS, END = 240, 540, 780, 1140, 1260  # scenario seconds: scenarios/crash.yaml
TARGET, COMPONENT = "claude/api/messages", "claude/api"
BAD, GOOD = 1, 0  # dispositions
# Between a process stamping a time and the other one stamping the same event, on a machine that is busy.
SKEW = 1.0

CONFIG = """
web: {{listen_address: "127.0.0.1:0"}}
storage: {{path: "{database}"}}
defaults:
  interval: 500ms
  timeout: 500ms
  # 60 times the budget at 60 times the pace is the same threshold.
  detection: {{false_alarms_per_year: 60, min_outage: 1500ms, recovery_cap: 15s, baseline_half_life: 72m}}
  mismatch: {{grace: 1s, too_early_after: 1m, overstated_after: 1m, unreadable_after: 10s, gate_after: 10s,
             already_red: 1m, flap_window: 1m, flap_hold: 1ms, reopen: 2s}}
controls:
  interval: 500ms
  window: 750ms
  targets:
    - {{name: one, url: "{provider}/control/1"}}
    - {{name: two, url: "{provider}/control/2"}}
    - {{name: three, url: "{provider}/control/3"}}
services:
  - name: claude
    title: Claude
    importance: page
    page: {{url: "{provider}/status", interval: 600ms}}
    components:
      - name: api
        page_components: [API]
        targets:
          - name: messages
            method: POST
            url: "{provider}/v1/messages"
            body: '{{}}'
            expect: {{json: [{{pointer: /type, equals: message}}]}}
      - name: web
        page_components: [Web]
        targets:
          - {{name: home, url: "{provider}/"}}
receivers:
  - {{name: team, kind: slack, url: "{receiver}/slack", backoff_first: 300ms, backoff_max: 1s, timeout: 5s}}
  - {{name: hook, kind: webhook, url: "{receiver}/webhook", backoff_first: 300ms, backoff_max: 1s, timeout: 5s,
     signing_secret: "whsec_Y3Jhc2gtdGVzdC1zZWNyZXQ="}}
"""


class TooSlow(Exception):
    """The machine, not the program: nothing was seen healthy before the outage began."""


# ---- when to kill ----------------------------------------------------------------------------------------------------

def before_detection(run):
    wait_for("the first failure", lambda: run.failed_requests() > 0)
    run.pause(0, 1.4)


def at_the_decision(run):
    run.daemon.wait_output(rf"{COMPONENT} is failing")
    run.pause(0, 0.05)


def during_retries(run):
    wait_for("a failed delivery", lambda: any(row["answered"] >= 500 for row in run.received()))
    run.pause(0, 1.5)


def taken_but_not_known(run):
    """The receiver takes it only after the daemon was killed: it must come again, under the same id."""
    wait_for("the receivers' faults to be over", lambda: sum(row["answered"] >= 500 for row in run.received()) >= 5)
    taken = len(run.received())
    run.receiver.send(signal.SIGSTOP)
    wait_for("a request that waits for the receiver", lambda: bytes_waiting(run.receiver_port))
    run.repeats = True

    def go_on():
        run.receiver.send(signal.SIGCONT)
        wait_for("the receiver to take what waited", lambda: len(run.received()) > taken)
    return go_on


def while_silent(run):
    run.until(run.between(FAILING + 120, ADMITS))


def around_admission(run):
    run.until(run.between(ADMITS - 20, ADMITS + 60))


def after_admission(run):
    run.until(run.between(ADMITS, RECOVERS))


def during_recovery(run):
    run.until(run.between(RECOVERS, RECOVERS + 150))


def around_the_all_clear(run):
    run.until(run.between(CLEARS - 20, CLEARS + 60))


def any_time(run):
    run.until(run.between(FAILING - 60, CLEARS))


def a_long_stop(run):
    """Longer than ten intervals: the counts are void, the incident is not."""
    at_the_decision(run)
    return lambda: run.until(RECOVERS - 90)


def sleeping_through_the_end(run):
    """Nobody saw the page admit it, nor the recovery: the fire gets its resolve all the same."""
    run.until(run.between(FAILING + 150, ADMITS - 60))
    run.slept = True
    return lambda: run.until(CLEARS + 5)


# In the order of the story. The first runs are chosen so that every stage has its kill; the rest is drawn.
STAGES = [before_detection, at_the_decision, during_retries, taken_but_not_known, while_silent, around_admission, after_admission,
          during_recovery, around_the_all_clear]
CHOSEN = [[], [before_detection, during_recovery], [at_the_decision, during_retries, taken_but_not_known, around_the_all_clear],
          [before_detection, while_silent, after_admission], [taken_but_not_known, around_admission, during_recovery],
          [a_long_stop, after_admission], [sleeping_through_the_end], [any_time]]


def stages_of(number, draw):
    if number < len(CHOSEN):
        return CHOSEN[number]
    chosen = set(draw.sample(range(len(STAGES)), draw.choice([1, 1, 2, 3, 4])))
    return [stage for i, stage in enumerate(STAGES) if i in chosen]


# ---- one run ---------------------------------------------------------------------------------------------------------

class Run:
    def __init__(self, options, number, speed):
        self.number, self.speed = number, speed
        self.draw = random.Random(options.seed * 1000 + number)
        self.stages = stages_of(number, self.draw)
        self.space = Workspace(options.program, f"outaged-crash-{number}")
        self.slept = self.cleared_first = self.repeats = False
        self.duplicates = 0
        self.kills = []  # what stood in the database at each
        self.notes = []

    # The scenario's clock.
    def scenario_time(self):
        return (time.time() - self.began) * self.speed

    def wall_millis(self, scenario_seconds):
        return (self.began + scenario_seconds / self.speed) * 1000

    def until(self, scenario_seconds):
        wait_for(f"scenario time {scenario_seconds:.0f}", lambda: self.scenario_time() >= scenario_seconds,
                 process=self.provider, patience=END * 60 / self.speed)

    def between(self, least, most):
        return self.draw.uniform(least, most)

    def pause(self, least, most):
        """A moment chosen by the seed; nothing is waited for."""
        time.sleep(self.draw.uniform(least, most))

    def failed_requests(self):
        return get_json(self.provider_port, "/-/requests")["endpoints"]["/v1/messages"]["failed"]

    def received(self):
        if not self.arrivals.exists():
            return []
        return [json.loads(line) for line in self.arrivals.read_text().splitlines() if line.endswith("}")]

    def play(self):
        with self.space as space:
            scenario = SCENARIOS / "crash.yaml"
            self.arrivals = space.file("arrivals.jsonl")
            self.database = space.file("outaged.db")
            self.receiver, self.receiver_port = space.start_with_port("receiver", "receive", "--scenario", scenario, "--log-file", self.arrivals)
            self.provider, self.provider_port = space.start_with_port("provider", "simulate", scenario, "--speed", str(self.speed))
            self.began = millis(get_json(self.provider_port, "/-/time")["started"]) / 1000
            config = space.file("outaged.yaml", CONFIG.format(
                database=self.database, provider=f"http://127.0.0.1:{self.provider_port}",
                receiver=f"http://127.0.0.1:{self.receiver_port}"))
            self.daemon, port = space.daemon(config)
            if self.scenario_time() > FAILING - 30:
                raise TooSlow
            for stage in self.stages:
                stop = stage(self) or (lambda: self.pause(0, 0.8))
                self.kill_and_look(stage)
                stop()
                self.daemon, port = space.daemon(config)
            self.until(CLEARS)
            wait_for("an incident that is over and told", lambda: self.all_told(port), process=self.daemon)
            code = self.daemon.stop()
            check(code == 0, f"the daemon ended with {code}")
            check(integrity(self.database) == "ok", "the database is damaged")
            self.verify(Database(self.database, space.path / "end"))
        return self

    def kill_and_look(self, stage):
        at = self.scenario_time()
        self.daemon.kill()
        database = Database(self.database, self.space.path / f"kill-{len(self.kills)}")
        kill = {"stage": stage.__name__, "at": at, "told": {row["key"]: row for row in outbox(database)},
                "incidents": incidents(database), "last_seq": last_seq(database)}
        database.close()
        self.kills.append(kill)
        stored = {webhook_id(key) for key in kill["told"]}
        for row in self.received():
            sent = row["headers"].get("webhook-id")
            check(sent is None or sent in stored, f"{sent} was sent before it was stored")

    def all_told(self, port):
        listed = get_json(port, "/api/v1/incidents")["incidents"]
        over = [each for each in listed if each["state"] == ("recovered" if self.slept else "cleared")]
        if not over or len(over) < len(listed):
            return False
        rows = [row for each in listed for row in get_json(port, f"/api/v1/incidents/{each['id']}")["notifications"]]
        resolved = {row["receiver"] for row in rows if row["kind"] == "resolve"}
        return resolved == {"hook", "team"} and all(row["state"] != "pending" for row in rows)

    def due(self, reference):
        """What the reference told, as far as this run can have seen it."""
        if not self.slept:
            return [row for row in reference if not (self.cleared_first and row[3] == "cleared")]
        # The numbers are counted as they are told: after an admission that nobody saw, the resolve has one less.
        number = {"resolve": lambda own: own.replace("4.", "3.", 1)}
        return sorted((receiver, number.get(kind, str)(own), kind, reason) for receiver, own, kind, reason in reference
                      if reason not in ("admitted", "cleared"))

    # ---- what must hold ----------------------------------------------------------------------------------------------

    def verify(self, database):
        found, rows = incidents(database), outbox(database)
        check(len(found) == 1, f"{len(found)} incidents instead of one: {sorted(found)}")
        (self.id, incident), = found.items()
        self.verify_times(database, incident)
        self.verify_kills(incident, rows)
        self.verify_told(rows)
        self.verify_log(database)
        database.close()

    def verify_times(self, database, incident):
        """The incident's times are those of the samples, and the truth lies between the samples around them."""
        target, = [row["id"] for row in database.rows("SELECT id FROM names WHERE kind = 2 AND name = ?", TARGET)]
        samples = database.rows("SELECT at - took AS started, at, disposition FROM observations WHERE target = ? ORDER BY at, seq", target)
        skew = SKEW * 1000
        bad = [row for row in samples if row["disposition"] == BAD and row["at"] > self.wall_millis(FAILING) - skew]
        check(bad, "no failure was stored")
        good = [row for row in samples if row["disposition"] == GOOD and row["at"] <= bad[0]["at"]]
        if not good:
            raise TooSlow
        long = [b["at"] for a, b in zip(samples, samples[1:]) if b["started"] - a["started"] > 10 * INTERVAL * 1000
                and bad[0]["started"] <= a["started"] and b["at"] <= incident["detected_ms"]]
        if long:  # a silence of ten intervals begins the count anew
            self.notes.append("the machine was silent for ten intervals before the decision")
            check(incident["onset_ms"] in [row["started"] for row in bad], "the onset is no failure that was stored")
        else:
            check(incident["onset_ms"] == bad[0]["started"],
                  f"the onset is {incident['onset_ms']}, the first stored failure began {bad[0]['started']}")
            check(good[-1]["started"] - skew <= self.wall_millis(FAILING) <= bad[0]["at"] + skew,
                  "the outage began outside of what lies between the last good and the first failed probe")

        component, = [row["id"] for row in database.rows("SELECT id FROM names WHERE kind = 1 AND name = ?", COMPONENT)]
        claims = database.rows("SELECT at, red FROM claims WHERE component = ? ORDER BY at, seq", component)
        check(incident["recovered_ms"] is not None and incident["recovered_ms"] >= self.wall_millis(RECOVERS) - skew,
              "recovered before the provider was")
        order = [incident["onset_ms"], incident["detected_ms"], incident["recovered_ms"]]
        check(order == sorted(order), f"the times are out of order: {order}")
        if self.slept:
            check(incident["admitted"] is None, "an admission that nobody saw")
            return
        red = [row["at"] for row in claims if row["red"]]
        check(red, "no red claim was stored")
        green = [row["at"] for row in claims if not row["red"] and row["at"] < red[0]]
        cleared = [row["at"] for row in claims if not row["red"] and row["at"] > red[0]]
        admitted = incident["admitted"]
        check(admitted is not None, "the page's admission is missing")
        check((admitted["last_green"], admitted["first_red"]) == (green[-1], red[0]),
              f"admitted between {admitted['last_green']} and {admitted['first_red']}; the samples say {green[-1]} and {red[0]}")
        for name, truth, before, after in (("admission", ADMITS, green[-1], red[0]), ("all-clear", CLEARS, red[-1], cleared[0])):
            check(before - skew <= self.wall_millis(truth) <= after + skew, f"the {name} is outside of what the two readings around it say")
        check(incident["cleared_ms"] == cleared[0], f"cleared {incident['cleared_ms']}, the samples say {cleared[0]}")
        if not self.kills:
            widest = (2 * POLL + SKEW) * 1000
            check(red[0] - green[-1] <= widest, f"the page was read {red[0] - green[-1]} ms apart")
        # An all-clear before we saw it work again is told with the resolve.
        self.cleared_first = incident["cleared_ms"] < incident["recovered_ms"]
        if self.cleared_first:
            self.notes.append("the page gave the all-clear before we saw it work again")

    def verify_kills(self, incident, rows):
        """Nothing that stood in the database at a kill is different, or gone, at the end."""
        at_end = {row["key"]: row for row in rows}
        for number, kill in enumerate(self.kills):
            where = f"kill {number + 1} ({kill['stage']}, scenario time {kill['at']:.0f} s)"
            check(set(kill["incidents"]) <= {self.id}, f"{where}: knew {sorted(kill['incidents'])}, the end knows {self.id}")
            for known in kill["incidents"].values():
                for field in ("onset_ms", "detected_ms", "admitted", "recovered_ms", "cleared_ms"):
                    check(known[field] in (None, incident[field]),
                          f"{where}: {field} was {known[field]} and is {incident[field]} at the end")
                check(known["told"] <= incident["told"], f"{where}: fewer were told at the end than before")
            for key, row in kill["told"].items():
                after = at_end.get(key)
                check(after is not None, f"{where}: notification {key} is gone")
                check(after["id"] == row["id"], f"{where}: notification {key} has another number")
                check(row["state"] != "delivered" or after["state"] == "delivered", f"{where}: {key} is no longer delivered")
                check(after["attempts"] >= row["attempts"], f"{where}: {key} forgot attempts")

    def verify_log(self, database):
        """Every input has a number of its own, and a restart goes on where the log ends."""
        numbers = [row["seq"] for table in ("observations", "claims", "inputs") for row in database.rows(f"SELECT seq FROM {table}")]
        check(len(numbers) == len(set(numbers)), "a number of the log was given twice")
        ends = [kill["last_seq"] for kill in self.kills] + [last_seq(database)]
        check(ends == sorted(ends) and ends[-1] >= max(numbers), f"the log's end went back: {ends}")

    def verify_told(self, rows):
        keys = [row["key"] for row in rows]
        check(len(keys) == len(set(keys)), f"a key stands twice in the outbox: {sorted(keys)}")
        for row in rows:
            check(row["incident"] == self.id, f"{row['key']} is of another incident")
            check(row["state"] == "delivered", f"{row['key']} is {row['state']}")
        self.told = sorted((row["receiver"], row["key"].removeprefix(self.id + "."), row["kind"], row["reason"]) for row in rows)
        arrived = self.received()
        for name, path in (("hook", "/webhook"), ("team", "/slack")):
            own = [row for row in rows if row["receiver"] == name]
            kinds = [row["kind"] for row in own]
            check(kinds.count("fire") == 1 and kinds.count("resolve") == 1, f"{name} was to be told {kinds}")
            check(kinds.index("fire") < kinds.index("resolve"), f"{name}: the resolve stands before the fire")
            taken = [row for row in arrived if row["path"] == path and row["answered"] == 200]
            self.verify_arrivals(name, own, taken)
        check(not self.repeats or self.duplicates > 0, "what was taken but not known to be did not come again")
        check(all(row["path"] in ("/webhook", "/slack") and row["method"] == "POST" for row in arrived), "something else arrived")

    def verify_arrivals(self, name, rows, taken):
        if name == "hook":
            # One id stands for one message, byte for byte; in order.
            bodies = {}
            for row in taken:
                bodies.setdefault(row["headers"]["webhook-id"], set()).add(row["body"])
            stored = [webhook_id(row["key"]) for row in rows]
            check(list(bodies) == stored, f"hook got {list(bodies)}, the outbox holds {stored}")
            for key, different in bodies.items():
                check(len(different) == 1, f"{key} arrived with {len(different)} different bodies")
            self.duplicates += len(taken) - len(bodies)
        else:
            # A chat message carries no key: the same text is the same message.
            texts = list(dict.fromkeys(row["body"] for row in taken))
            self.duplicates += len(taken) - len(texts)
            check(len(texts) == len(rows), f"team got {len(texts)} different messages, the outbox holds {len(rows)}")
            check("is failing" in texts[0] and sum("works again" in json.loads(text)["text"] for text in texts) == 1,
                  f"team did not get one fire first and one resolve: {[json.loads(text)['text'] for text in texts]}")


def webhook_id(key):
    """The idempotency key as it is sent: Standard Webhooks keeps the dot for itself."""
    return key.replace(".", "_")


def outbox(database):
    rows = []
    for row in database.rows("SELECT id, receiver, incident, key, state, attempts, body FROM outbox ORDER BY id"):
        body = json.loads(row.pop("body"))
        row["state"] = ["pending", "delivered", "dead", "cancelled"][row["state"]]
        rows.append({**row, "kind": body["kind"], "reason": body["reason"]})
    return rows


def incidents(database):
    found = {}
    for row in database.rows("SELECT id, onset, recovered, body FROM incidents"):
        body = json.loads(row["body"])
        admitted = body.get("admitted")
        found[row["id"]] = {"onset_ms": row["onset"], "recovered_ms": row["recovered"], "detected_ms": body["detected"],
                            "cleared_ms": body.get("cleared"), "told": body["told"],
                            "admitted": admitted and {key: admitted[key] for key in ("last_green", "first_red")}}
    return found


def last_seq(database):
    return database.rows("SELECT value FROM meta WHERE key = 'last_seq'")[0]["value"]


# ---- all runs --------------------------------------------------------------------------------------------------------

def play(options, number):
    for speed in (60, 30, 15):
        try:
            return Run(options, number, speed).play()
        except TooSlow:
            say(f"run {number}: too slow a machine for {speed} : 1, once more at half the pace")
        except Failure as failure:
            raise Failure(f"run {number} (--seed {options.seed}): {failure}") from None
    raise Failure(f"run {number}: the machine is too slow for this test")


def crash(options):
    with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
        runs = list(pool.map(lambda number: play(options, number), range(options.runs)))
    reference = runs[0]
    expected = {("hook", "fire", "none"), ("hook", "update", "mismatch"), ("hook", "update", "admitted"), ("hook", "resolve", "none"),
                ("hook", "update", "cleared"), ("team", "fire", "none"), ("team", "update", "admitted"), ("team", "resolve", "none"),
                ("team", "update", "cleared")}
    told = {(receiver, kind, reason) for receiver, _, kind, reason in reference.told}
    check(len(reference.told) == len(told) and told == expected, f"the reference told {sorted(told)} instead of {sorted(expected)}")
    for run in runs:
        kills = ", ".join(f"{kill['stage']} at {kill['at']:.0f} s" for kill in run.kills) or "none: the reference"
        check(run.told == run.due(reference.told), f"run {run.number} ({kills}) told {run.told}, the reference {reference.told}")
        say(f"run {run.number}: {run.id}; {len(run.told)} notifications, {run.duplicates} of them arrived twice; kills: {kills}"
            + "".join(f" ({note})" for note in run.notes))
    say(f"{len(runs)} runs, {sum(len(run.kills) for run in runs)} kills: one incident each, its times true to the samples, the same "
        f"{len(reference.told)} notifications, all delivered, none twice under another key")


if __name__ == "__main__":
    main(crash, [(["--runs"], {"type": int, "default": len(CHOSEN)}), (["--seed"], {"type": int, "default": 1}),
                 (["--parallel"], {"type": int, "default": 8})])
