#!/bin/sh
# Tells outaged what a real request met: report.sh COMPONENT STATUS [LATENCY_MS]. OUTAGED is its address, SOURCE is who
# reports. And at the end of a job, for a target of kind push:
#   curl -fsS -m 5 -X POST "$OUTAGED/api/v1/heartbeat/backup/db/nightly"
set -eu
latency=${3:+, \"latency_ms\": $3}
curl -fsS -m 5 "${OUTAGED:-http://127.0.0.1:9721}/api/v1/observations" -H 'Content-Type: application/json' \
  -d "{\"component\": \"$1\", \"source\": \"${SOURCE:-$(hostname)}\", \"status\": $2${latency:-}}"
