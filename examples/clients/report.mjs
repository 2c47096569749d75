// Ten lines that tell outaged what a real request met. OUTAGED is its address, SOURCE is who reports. Node 18 or later.
const outaged = process.env.OUTAGED ?? "http://127.0.0.1:9721";
const source = process.env.SOURCE ?? "my-app";

export async function report(component, status, more = {}) {
  const row = { component, source, status, ...more };
  const answer = await fetch(`${outaged}/api/v1/observations`, { method: "POST", body: JSON.stringify(row) });
  return answer.json(); // in an application: not awaited, errors ignored
}

if (process.argv[1]?.endsWith("report.mjs")) console.log(await report("claude/api", 200, { latency_ms: 812.5, request_id: "req_1" }));
