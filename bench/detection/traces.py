"""Labelled traces for the acceptance table: made by simulate.py, kept in a cache folder, some altered afterwards.

A trace is a folder with probes.jsonl, claims.jsonl, labels.jsonl, labels_mismatch.jsonl and meta.json, in the schema of
simulate.py. Making one again gives the same bytes, so that a cached one is as good as a new one.
"""
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path


class Detection:
    """The folder with simulate.py, reference.py and evaluate.py, and where their results are kept."""

    def __init__(self, folder, cache):
        self.folder, self.cache = Path(folder), Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)
        sys.path.insert(0, str(self.folder))
        sys.dont_write_bytecode = True
        import evaluate
        self.evaluate = evaluate.evaluate
        self.versions = {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in ("simulate.py", "reference.py")}

    @staticmethod
    def complete(folder):
        return all((Path(folder) / name).exists() for name in ("simulate.py", "reference.py", "evaluate.py"))

    def run(self, tool, *arguments):
        done = subprocess.run([sys.executable, "-B", self.folder / tool, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{tool} {' '.join(map(str, arguments))}: {done.stderr}")

    def path(self, *key):
        return self.cache / hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]

    def trace(self, arguments, alter=None, make=None):
        """The folder of one trace; `alter`, `make`: functions of this file that change its probes, or make it altogether."""
        folder = self.path("trace", self.versions["simulate.py"], arguments, alter.__name__ if alter else None, *([make.__name__] if make else []))
        if (folder / "meta.json").exists():
            return folder
        making = folder.with_suffix(".making")
        shutil.rmtree(making, ignore_errors=True)
        if make:
            make(self, arguments, making)
        else:
            self.run("simulate.py", *arguments, "--out", making)
        if alter:
            meta = json.loads((making / "meta.json").read_text())
            plain = making / "plain.jsonl"
            (making / "probes.jsonl").rename(plain)
            with plain.open() as source, (making / "probes.jsonl").open("w") as out:
                for line in source:
                    out.write(json.dumps(alter(json.loads(line), meta)) + "\n")
            plain.unlink()
        making.rename(folder)
        return folder

    def reference(self, trace, key, arguments, mismatches=False):
        """What reference.py makes of a trace: (alerts, mismatches). Its results are small and always kept."""
        kept = self.path("reference", self.versions, key, arguments, mismatches).with_suffix(".json")
        if kept.exists():
            return json.loads(kept.read_text())
        alerts, found = self.cache / "reference-alerts.jsonl", self.cache / "reference-mismatches.jsonl"
        claims = ["--claims", trace / "claims.jsonl", "--mismatch-out", found] if mismatches else []
        self.run("reference.py", "--rule", "grid", "--quiet", "--probes", trace / "probes.jsonl", "--out", alerts, *arguments, *claims)
        result = [read(alerts), read(found) if mismatches else []]
        kept.write_text(json.dumps(result))
        return result


def read(path):
    with Path(path).open() as lines:
        return [json.loads(line) for line in lines if line.strip()]


# ---- alterations: probe in, probe out -------------------------------------------------------------------------------

def refused(probe):
    probe.update(ok=False, http_status=None, latency_ms=20000.0, error="connect timeout")
    return probe


def controls_unreachable(probe, meta):
    """A firewall that lets the targets through, and none of the controls."""
    return refused(probe) if probe["role"] == "control" else probe


def network_down(probe, meta):
    """Our own network is away for three hours, in the middle."""
    begin = (meta["t0"] + meta["t1"]) / 2
    return refused(probe) if begin <= probe["t"] < begin + 3 * 3600 else probe


# ---- traces from what really happened: traces/ and tools/, where the folder has them -----------------------------------

def measured_rates(detection, arguments, folder):
    """A week of many LLM endpoints' measured error rates, as probes that fail at those rates."""
    detection.run("tools/sample_rates.py", detection.folder / "traces/rates_openrouter.jsonl", *arguments, "--out", folder)


def uptime_history(detection, arguments, folder):
    """Two and a half years of a public uptime history, a probe every five minutes."""
    folder.mkdir(parents=True)
    source = detection.folder / "traces"
    detection.run("tools/expand_onchange.py", source / "probes_upptime_autoactions.jsonl", folder / "probes.jsonl", *arguments)
    shutil.copy(source / "labels_upptime_autoactions.jsonl", folder / "labels.jsonl")
    times, targets, services = [], set(), set()
    for probe in read(folder / "probes.jsonl"):
        times.append(probe["t"])
        targets.add(probe["target"])
        services.add(probe["service"])
    meta = {"t0": min(times), "t1": max(times), "targets": sorted(targets), "service_list": sorted(services)}
    (folder / "meta.json").write_text(json.dumps(meta))
