#!/usr/bin/env python3
"""Runs every query of the Grafana dashboard against a Prometheus and requires data.

    check_dashboard.py http://127.0.0.1:9090 [--deadline SECONDS] [--range SECONDS]

Queries are asked over the last --range seconds and again until all have data or --deadline is over: a page lag is there
only once a page has admitted something. Only the standard library is used.
"""
import argparse
import json
import math
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

DASHBOARD = pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "grafana" / "outaged.json"

# The one place: what may have no data, by the panel's title, and why.
MAY_BE_EMPTY = {
    "Certificates expire in": "nothing is probed over TLS in the demo",
}


def ask(base, path, **parameters):
    url = f"{base}{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            return json.load(response)["data"]
    except urllib.error.HTTPError as error:  # Prometheus says in the body what it dislikes
        raise SystemExit(f"{parameters}: {json.load(error).get('error', error)}")


def substitute(query, seconds):
    # $__range before $__rate_interval would do no harm, but longer names go first on principle.
    values = {"__rate_interval": "15s", "__interval": "1s", "__range": f"{seconds}s", "service": ".*", "component": ".*"}
    for name in sorted(values, key=len, reverse=True):
        query = re.sub(rf"\$(?:{name}\b|\{{{name}(?::\w+)?\}})", values[name], query)
    if "$" in query:
        raise SystemExit(f"a variable that this check does not know: {query}")
    return query


def queries(dashboard):
    """(where, title, query) of all panels, nested ones included, and of annotations."""
    def walk(panels):
        for panel in panels:
            yield from walk(panel.get("panels", []))
            for target in panel.get("targets", []):
                yield f"{panel['title']} [{target['refId']}]", panel["title"], target["expr"]
    yield from walk(dashboard["panels"])
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield f"annotation {annotation['name']}", annotation["name"], annotation["expr"]


def samples(base, query, seconds):
    now = time.time()
    step = max(1, seconds // 1000)
    data = ask(base, "/api/v1/query_range", query=query, start=now - seconds, end=now, step=step)
    return sum(1 for series in data["result"] for _, value in series["values"] if not math.isnan(float(value)))


def variable_values(base, query):
    match = re.fullmatch(r"label_values\((.*), *(\w+)\)", query)
    if not match:
        raise SystemExit(f"a variable's query that this check does not know: {query}")
    return ask(base, f"/api/v1/label/{match[2]}/values", **{"match[]": substitute(match[1], 60)})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prometheus", help="its base URL")
    parser.add_argument("--deadline", type=float, default=0, help="seconds to wait for data")
    parser.add_argument("--range", type=int, default=600, help="seconds to look back")
    parser.add_argument("--dashboard", type=pathlib.Path, default=DASHBOARD)
    arguments = parser.parse_args()
    base = arguments.prometheus.rstrip("/")
    dashboard = json.loads(arguments.dashboard.read_text())
    give_up = time.monotonic() + arguments.deadline

    open_queries = list(queries(dashboard))
    if len(open_queries) < 20:
        raise SystemExit(f"only {len(open_queries)} queries found in {arguments.dashboard}: is this the dashboard?")
    unknown = set(MAY_BE_EMPTY) - {title for _, title, _ in open_queries}
    if unknown:
        raise SystemExit(f"MAY_BE_EMPTY names panels that do not exist: {sorted(unknown)}")
    counted = len(open_queries)
    while True:
        open_queries = [q for q in open_queries if samples(base, substitute(q[2], arguments.range), arguments.range) == 0]
        missing = [q for q in open_queries if q[1] not in MAY_BE_EMPTY]
        if not missing or time.monotonic() > give_up:
            break
        time.sleep(1)
    empty_variables = [v["name"] for v in dashboard["templating"]["list"]
                       if v["type"] == "query" and not variable_values(base, v["query"]["query"])]

    for where, title, _ in open_queries:
        if title in MAY_BE_EMPTY:
            print(f"empty, as it may be: {where} ({MAY_BE_EMPTY[title]})")
    for where, _, query in missing:
        print(f"NO DATA: {where}\n    {query}", file=sys.stderr)
    for name in empty_variables:
        print(f"NO VALUES: variable {name}", file=sys.stderr)
    if missing or empty_variables:
        return 1
    print(f"all {counted} queries of the dashboard were answered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
