#!/usr/bin/env python3
"""The demo from beginning to end, while a real Prometheus scrapes it and every query of the dashboard must find data.

    demo_prometheus.py OUTAGED
"""
import json
import pathlib
import shutil
import subprocess
import sys

from support import SKIPPED, Skipped, Workspace, check, free_port, get, get_json, main, say, wait_for

HERE = pathlib.Path(__file__).resolve().parent
STORY = 64  # seconds, at the demo's pace
POLL = 60  # story seconds between two readings of the page
CHECKS = ["all_notifications_arrived", "detected_within_promise", "mismatch_found", "page_lag_right_within_a_poll"]


def check_metrics(port):
    text = get(port, "/metrics")[1]
    for name in ("outaged_mismatch", "outaged_health", "outaged_claim", "probe_success", "outaged_outbox_pending"):
        check(name in text, f"/metrics has no {name}")
    if shutil.which("promtool") is None:
        say("SKIPPED: promtool is not installed")
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    check(done.returncode == 0 and not done.stderr.strip(), f"promtool check metrics: {done.stdout}{done.stderr}")
    say("promtool has nothing to say against the metrics")


def check_report(report):
    check(report["passed"] is True, f"the demo did not pass: {report['checks']}")
    check(sorted(report["checks"]) == CHECKS and all(report["checks"].values()), f"checks: {report['checks']}")
    story, incident, told = report["story"], report["incident"], report["notifications"]
    check(0 < story["detection_delay_seconds"] <= report["promised_seconds"]["p99"], f"detection: {story}, promised {report['promised_seconds']}")
    least, most = story["page_lag_seconds"]
    # It fails from 14:03 or a little later, and the page admits it 40 minutes after the beginning.
    check(most - least <= 2 * POLL and 33 * 60 <= most and least <= 40 * 60 + POLL, f"page lag: {least} to {most} s")
    check(incident["mismatch"]["kind"] == "page_silent" and incident["recovered"] and incident["proof"][0]["request_id"].startswith("req_"),
          f"the incident: {incident}")
    check(told["made"] == told["delivered"] == told["arrived"] and told["failed_attempts"] >= 2, f"notifications: {told}")


def test(options):
    with Workspace(options.program, "outaged-demo") as space:
        port = free_port()
        demo = space.start("demo", "demo", "--json", "--listen", f"127.0.0.1:{port}")
        wait_for("the demo's API", lambda: get(port, "/-/ready")[0] == 200, process=demo)
        scrape = subprocess.run([sys.executable, HERE / "prometheus_scrape", f"127.0.0.1:{port}", "--deadline", str(STORY)], timeout=STORY + 60)
        skipped = scrape.returncode == SKIPPED
        check(skipped or scrape.returncode == 0, f"prometheus_scrape ended with {scrape.returncode}")
        check(demo.poll() is None, "the demo ended before the dashboard was checked")
        check_metrics(port)
        check(len(get_json(port, "/api/v1/services")["services"]) == 1, "the demo's API lists other services")
        code = demo.wait(STORY + 60)
        lines = demo.output().splitlines()
        check(code == 0 and len(lines) == 1, f"the demo ended with {code} and printed {len(lines)} lines")
        check_report(json.loads(lines[0]))
        say("the demo passed: mismatch found, detected as promised, page lag right, all notifications delivered")
        if skipped:
            raise Skipped("what needs Prometheus (the demo itself passed)")


if __name__ == "__main__":
    main(test)
