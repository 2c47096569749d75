"""The catalog and its alternatives with the real program: listed, shown, used, routed to."""
import contextlib
import http.server
import json
import threading

import support
from support import check, get_json, request, say, wait_for

ENTRY = """\
version: 3
summary: A service of ours
settings: {url: }
without_key: "edge only"
service:
  title: Ours
  components:
    - name: api
      alternatives: [ours/api, second/api, nobody/api]
      targets:
        - name: get
          url: <url>/api
          interval: 100ms
          detection: {failure_threshold: 2, success_threshold: 2, min_outage: 0ms, refractory: 0ms}
"""

CONFIG = """
controls: {{targets: []}}
web: {{listen_address: "127.0.0.1:0"}}
storage: {{path: {database}}}
services:
  - {{use: ours, url: "http://127.0.0.1:{first}/"}}
  - {{use: ours, name: second, url: "http://127.0.0.1:{second}"}}
"""


@contextlib.contextmanager
def service():
    """Answers /api with `server.status`, and everything else with 404."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(self.server.status if self.path == "/api" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status = 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


def commands(workspace, folder):
    code, out, err = workspace.run("--catalog.path", folder, "catalog", "list", "--json")
    check(code == 0, err)
    entries = {entry["name"]: entry for entry in json.loads(out)}
    check(entries["ours"]["origin"] == str(folder / "ours.yaml") and entries["ours"]["version"] == 3, entries["ours"])
    check(entries["anthropic"]["origin"] == "built in" and entries["anthropic"]["page"]["format"] == "statuspage", entries["anthropic"])
    code, out, err = workspace.run("--catalog.path", folder, "catalog", "show", "ours")
    check(code == 0 and out == ENTRY, out + err)
    code, out, err = workspace.run("catalog", "show", "antropic")
    check(code == 1 and "did you mean anthropic?" in err, f"{code} {err}")

    three_lines = workspace.file("three.yaml", "services:\n  - use: anthropic\n")
    code, out, err = workspace.run("check-config", three_lines)
    check(code == 0 and "anthropic: edge only: cannot see failing completions; add api_key_file" in out, out + err)
    say("  listed, shown, and a configuration that only names a service")


def routing(port, first, second):
    def route(to, fail_open=False):
        def poll():
            answer = get_json(port, "/api/v1/alternatives/ours/api")
            return answer["route_to"] == to and answer["fail_open"] == fail_open
        wait_for(f"the way to {to}", poll)

    def proven():
        return all(target["proven"] for target in get_json(port, "/api/v1/targets")["targets"])

    wait_for("both to have worked once", proven)
    route("ours/api")
    names = [each["service"] for each in get_json(port, "/api/v1/alternatives/ours/api")["alternatives"]]
    check(names == ["second"], names)  # not itself, and not who is not configured
    first.status = 500
    route("second/api")
    status, headers, _ = request(port, "/health/ours/api")
    check(status == 503 and headers["Outaged-Route-To"] == "second/api", f"{status} {headers}")
    second.status = 500
    route("ours/api", fail_open=True)
    for name in ("ours/api", "second/api"):  # either names the other
        status, headers, _ = request(port, f"/health/{name}")
        check(status == 200 and headers["Outaged-Route-To"] == name, f"with everything out {name} fails open, not {status}")
    first.status = 200
    route("ours/api")
    say("  alternatives: another way while it fails, its own when nothing works, and when it works again")


def test(options):
    with support.Workspace(options.program, "outaged-catalog") as workspace, service() as first, service() as second:
        folder = workspace.path / "catalog.d"
        folder.mkdir()
        (folder / "ours.yaml").write_text(ENTRY)
        commands(workspace, folder)
        config = workspace.file("outaged.yaml", CONFIG.format(database=workspace.path / "outaged.db", first=first.server_address[1],
                                                              second=second.server_address[1]))
        daemon, port = workspace.daemon(config, "--catalog.path", folder)
        routing(port, first, second)
        check(daemon.stop() == 0, "it stops")


if __name__ == "__main__":
    support.main(test)
