#!/usr/bin/env python3
"""`outaged page`: recorded status pages against their ground truth, a page over HTTP, and what cannot be read.

    page.py OUTAGED
"""
import concurrent.futures
import json

from support import SCENARIOS, Skipped, Workspace, check, fixtures, get, main, request, say, wait_for

READ, BAD_CALL, UNREADABLE = 0, 2, 3


def among(expected, actual):
    """A list in place of a scalar means any of these."""
    return actual in expected if isinstance(expected, list) else actual == expected


def compare_components(expected, actual, wrong):
    if isinstance(expected, list):  # any of these
        tries = []
        for each in expected:
            tries.append([])
            compare_components(each, actual, tries[-1].append)
        if all(tries):
            wrong(tries[0][0])
        return
    if expected is None:
        return
    if actual is None:
        wrong("components: none")
        return
    for key in ("total", "groups", "leaves"):
        if not among(expected[key], actual[key]):
            wrong(f"components.{key}: {actual[key]} instead of {expected[key]}")
    if actual["leaves"] != actual["total"] - actual["groups"] or actual["leaves"] != sum(actual["by_claim"].values()):
        wrong(f"components do not add up: {actual}")
    for claim in set(expected["by_claim"]) | set(actual["by_claim"]):
        if not among(expected["by_claim"].get(claim, 0), actual["by_claim"].get(claim, 0)):
            wrong(f"components.by_claim.{claim}: {actual['by_claim'].get(claim, 0)} instead of {expected['by_claim'].get(claim, 0)}")
    for named in expected["named"]:
        same = [each for each in actual["named"] if (each["name"] == named["name"] if named["id"] is None else each["id"] == named["id"])]
        if not same:
            wrong(f"component {named['name']} is not named")
        elif not (among(named["claim"], same[0]["claim"]) and (named["name"] is None or among(named["name"], same[0]["name"]))):
            wrong(f"component {named}: {same[0]}")


def compare_incidents(expected, actual, wrong):
    for key in ("open", "resolved"):
        if not among(expected[key], actual[key]):
            wrong(f"incidents.{key}: {actual[key]} instead of {expected[key]}")
    if len(expected["named"]) != len(actual["named"]) and not any(isinstance(expected[key], list) for key in ("open", "resolved")):
        wrong(f"{len(actual['named'])} incidents named instead of {len(expected['named'])}")
    for want, have in zip(expected["named"], actual["named"]):
        for key, value in want.items():
            # null is "not in the document", but for the end of an open incident, which must be null.
            if value is None and not (key == "resolved_at" and want["open"]):
                continue
            found = have.get(key)
            if key in ("status", "impact") and isinstance(found, str):
                found = found.lower()
            if not among(value, found):
                wrong(f"incident {want['name']}: {key} is {found} instead of {value}")


def compare(row, actual, code):
    problems = []
    wrong = problems.append
    if not among(row["readable"], actual["readable"]):
        wrong(f"readable: {actual['readable']} ({actual.get('problem')})")
    if code != (READ if actual["readable"] else UNREADABLE):
        wrong(f"exit code {code} for readable: {actual['readable']}")
    if not among(row["claim"], actual["claim"]):
        wrong(f"claim: {actual['claim']} instead of {row['claim']}")
    if actual["readable"]:
        if not among(row["format"], actual["format"]):
            wrong(f"format: {actual['format']}")
        refusing = isinstance(row["readable"], list)
        if refusing and actual["claim"] == "unknown" and isinstance(row["claim"], list) and row["claim"][0] != "unknown":
            wrong("claim: unknown is for those who refuse to read it")
        compare_components(row["components"], actual["components"], wrong)
    else:
        if actual["claim"] != "unknown":
            wrong(f"not readable, and yet the claim is {actual['claim']}")
        return problems
    for key in ("page", "document_time"):
        if not among(row[key], actual[key]):
            wrong(f"{key}: {actual[key]} instead of {row[key]}")
    compare_incidents(row["incidents"], actual["incidents"], wrong)
    for key in ("active", "scheduled"):
        if not among(row["maintenance"][key], actual["maintenance"][key]):
            wrong(f"maintenance.{key}: {actual['maintenance'][key]} instead of {row['maintenance'][key]}")
    return problems


def recorded(space):
    folder = fixtures()
    expected = folder and folder / "statuspages" / "expected.jsonl"
    if not expected or not expected.exists():
        raise Skipped("the recorded status pages are not here (set OUTAGED_FIXTURES)")
    rows = [json.loads(line) for line in expected.read_text().splitlines()]
    check(len(rows) >= 150, f"only {len(rows)} documents")

    def one(row):
        arguments = ["page", "--json", "--url", row["url"]] + (["--at", row["as_of"]] if row["as_of"] else [])
        code, out, said = space.run(*arguments, folder / "statuspages" / row["file"])
        try:
            actual = json.loads(out)
        except ValueError:
            return [f"{row['file']}: exit code {code}, {out[:200]!r} {said}"]
        return [f"{row['file']}: {problem}" for problem in compare(row, actual, code)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        problems = [problem for found in pool.map(one, rows) for problem in found]
    check(not problems, "\n".join([f"{len(problems)} differences:"] + problems[:40]))
    say(f"{len(rows)} recorded documents read as their ground truth says")


def over_http(space):
    _, port = space.start_with_port("provider", "simulate", SCENARIOS / "crash.yaml", "--speed", "1")
    code, out, said = space.run("page", "--json", f"http://127.0.0.1:{port}/status")
    check(code == READ, f"a page over HTTP: exit code {code}: {out}{said}")
    read = json.loads(out)
    check((read["format"], read["readable"], read["claim"], read["components"]["leaves"]) == ("statuspage", True, "operational", 2), f"a page over HTTP: {out}")
    code, out, _ = space.run("page", f"http://127.0.0.1:{port}/status")
    check(code == READ and "claim: operational" in out and "API" in out, f"the table: {out}")
    code, out, said = space.run("page", f"http://127.0.0.1:{port}/v1/messages")
    check(code != READ, f"what is no page: exit code {code}: {out}")
    say("a page over HTTP: as JSON and as a table")


def unreadable(space):
    html = space.file("page.html", "<!doctype html><title>Status</title><h1>All Systems Operational</h1>")
    for what, body in (("HTML", html), ("nothing", space.file("empty", "")), ("a stranger's JSON", space.file("s.json", '{"message":"Forbidden"}')),
                       ("deep JSON", space.file("deep.json", "[" * 100_000))):
        code, out, said = space.run("page", "--json", body)
        check(code == UNREADABLE, f"{what}: exit code {code}: {out}{said}")
        read = json.loads(out)
        check((read["readable"], read["claim"]) == (False, "unknown") and read["problem"], f"{what}: {out}")
        code, out, _ = space.run("page", body)
        check(code == UNREADABLE and "cannot be read" in out and "claim: unknown" in out, f"{what} as a table: {out}")
    code, out, _ = space.run("page", "--json", "-", stdin=html.read_bytes())
    check(code == UNREADABLE and json.loads(out)["readable"] is False, f"HTML on standard input: {code} {out}")
    for arguments, words in ((["no-such-file.json"], "no-such-file.json: cannot be read"), ([html, "--at", "yesterday"], "--at"),
                             ([html, "--format", "astrology"], "--format"), ([space.path], str(space.path))):
        code, out, said = space.run("page", *arguments)
        check(code == BAD_CALL and words in said and not out, f"page {arguments}: exit code {code}: {out}{said}")
    say("what is no status page is unknown, exit code 3; what cannot be asked so is said, exit code 2")


def hook(space):
    """A page that is read every ten minutes is read at once when its vendor calls."""
    token = "a-path-nobody-guesses"
    _, port = space.start_with_port("provider", "simulate", SCENARIOS / "crash.yaml", "--speed", "1")
    space.file("hook-token", token, 0o600)
    config = space.file("hook.yaml", f"""
web: {{listen_address: "127.0.0.1:0"}}
controls: []
services:
  - name: crash
    page: {{url: "http://127.0.0.1:{port}/status", format: statuspage, interval: 10m, hook_token_file: hook-token}}
    components: [{{name: api, page_components: [API]}}]
""")
    _, ours = space.daemon(config, "--storage.path", space.path / "hook.db")

    def reads():
        return sum(float(line.rsplit(" ", 1)[1]) for line in get(ours, "/metrics")[1].splitlines()
                   if line.startswith("outaged_claims_read_total{"))
    before = wait_for("the page's first reading", reads)
    status, _, body = request(ours, "/hooks/page/" + "x" * len(token), "POST")
    check(status == 404, f"a wrong token: {status} {body}")
    status, _, body = request(ours, f"/hooks/page/{token}", "POST")
    check(status == 202 and json.loads(body)["page"] == "crash", f"the hook: {status} {body}")
    wait_for("a second reading of a page that is read every ten minutes", lambda: reads() > before)
    say("a call at its secret path has a page read at once; without the token it is 404")


def test(options):
    with Workspace(options.program, "outaged-page") as space:
        hook(space)
        unreadable(space)
        over_http(space)
        recorded(space)


if __name__ == "__main__":
    main(test)
