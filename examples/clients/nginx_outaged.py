#!/usr/bin/env python3
"""Ships what an nginx proxy met at its upstreams to outaged. In nginx.conf, in the http block and in the location:

    log_format outaged escape=json '{"time": $msec, "upstream": "$upstream_addr", "status": "$upstream_status",'
                                   ' "seconds": "$upstream_response_time", "id": "$upstream_http_request_id"}';
    access_log /var/log/nginx/outaged.log outaged;

and beside it:

    nginx_outaged.py --component openai/api --source proxy-eu /var/log/nginx/outaged.log

Follows the file as `tail -F` does, over rotations, from its end; `-` is standard input, to its end. What met the same
within a second is one row with a count. Use one log and one shipper for each component.
"""
import argparse
import collections
import json
import os
import sys
import time
import urllib.error
import urllib.request


def rows_of(line, component, source):
    """The row of a line of the log, as a key and its latency; None for what never reached an upstream."""
    try:
        entry = json.loads(line)
        # nginx lists every upstream it tried, "502, 200": the last is what the client got.
        status = entry["status"].split(",")[-1].split(":")[-1].strip()
        seconds = entry.get("seconds", "").split(",")[-1].split(":")[-1].strip()
        if not status.isdigit():
            return None
        return (component, source, int(entry["time"]), int(status)), float(seconds) if seconds not in ("", "-") else None, entry.get("id", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class Lumps:
    def __init__(self):
        self.lumps = collections.OrderedDict()

    def add(self, key, seconds, request_id):
        lump = self.lumps.setdefault(key, {"count": 0, "seconds": 0.0, "timed": 0, "id": ""})
        lump["count"] += 1
        if seconds is not None:
            lump["seconds"] += seconds
            lump["timed"] += 1
        if request_id and not lump["id"]:
            lump["id"] = request_id

    def take(self):
        rows = []
        for (component, source, at, status), lump in self.lumps.items():
            row = {"component": component, "source": source, "at": at, "status": status, "count": lump["count"]}
            if lump["timed"]:
                row["latency_ms"] = round(lump["seconds"] / lump["timed"] * 1000, 3)
            if lump["id"]:
                row["request_id"] = lump["id"]
            rows.append(json.dumps(row))
        self.lumps.clear()
        return rows


def send(address, rows):
    """True: taken, or refused for good. False: to be tried again."""
    request = urllib.request.Request(address + "/api/v1/observations", "\n".join(rows).encode(), {"Content-Type": "application/x-ndjson"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in (429, 503):
            return False
        print(f"refused: {error.read().decode(errors='replace')[:500]}", file=sys.stderr)
        return True
    except (OSError, ValueError) as error:
        print(f"outaged cannot be reached: {error}", file=sys.stderr)
        return False
    for problem in told["errors"][:5]:
        print(f"row {problem['row']}: {problem['error']}", file=sys.stderr)
    return True


def follow(path):
    """Lines as they come; None whenever there is none for the moment."""
    if path == "-":
        yield from sys.stdin
        return
    file, begin = None, os.SEEK_END
    while True:
        if file is None:
            try:
                file = open(path, "rb")
                file.seek(0, begin)
            except OSError:
                begin = os.SEEK_SET
                yield None
                time.sleep(0.5)
                continue
        line = file.readline()
        if line.endswith(b"\n"):
            yield line.decode(errors="replace")
            continue
        yield None
        time.sleep(0.2)
        if line:  # half a line: read again once the rest is there
            file.seek(-len(line), os.SEEK_CUR)
        try:
            gone = os.stat(path).st_ino != os.fstat(file.fileno()).st_ino or os.stat(path).st_size < file.tell()
        except OSError:
            gone = True
        if gone and not line:
            file.close()
            file, begin = None, os.SEEK_SET


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("log", help="the access log, or -")
    parser.add_argument("--component", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--outaged", default=os.environ.get("OUTAGED", "http://127.0.0.1:9721"))
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two requests")
    options = parser.parse_args()
    lumps, waiting, sent = Lumps(), collections.deque(maxlen=200), time.monotonic()

    def ship(patience):
        rows = lumps.take()
        for i in range(0, len(rows), 5000):
            waiting.append(rows[i:i + 5000])
        while waiting:
            if send(options.outaged, waiting[0]):
                waiting.popleft()
            elif patience > 0:
                patience -= 1
                time.sleep(1)
            else:
                return

    for line in follow(options.log):
        row = rows_of(line, options.component, options.source) if line else None
        if row:
            lumps.add(*row)
        if time.monotonic() - sent >= options.every:
            sent = time.monotonic()
            ship(0)
    ship(5)


if __name__ == "__main__":
    main()
