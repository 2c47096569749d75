"""Ten lines that tell outaged what a real request met. OUTAGED is its address, SOURCE is who reports."""
import json
import os
import urllib.request

OUTAGED, SOURCE = os.environ.get("OUTAGED", "http://127.0.0.1:9721"), os.environ.get("SOURCE", "my-app")


def report(component, status, latency_ms=None, **more):
    row = {"component": component, "source": SOURCE, "status": status, **more}
    if latency_ms is not None:
        row["latency_ms"] = latency_ms
    request = urllib.request.Request(OUTAGED + "/api/v1/observations", json.dumps(row).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=2))  # in an application: on a thread of its own, errors ignored


if __name__ == "__main__":
    print(report("claude/api", 200, latency_ms=812.5, request_id="req_1"))
