"""The acceptance table of the detector: which traces, under which options, must show what.

Each row is run over every seed. Its limits hold for all seeds pooled; beside that, on every single trace nothing may be
worse than reference.py with the same options.
"""
from dataclasses import dataclass, field

import traces

ADAPTIVE = ["--dense", "6"]
AT_ONCE = ["--min-outage", "0s"]  # the fastest: told as soon as it is certain


@dataclass
class Row:
    name: str
    simulate: list                       # arguments of simulate.py, but for seed and days
    limits: dict                         # measure: the most it may be
    ours: list = field(default_factory=list)
    reference: list = field(default_factory=list)
    level: str = "target"                # "service": component alerts alone are scored
    adaptive: bool = False
    mismatches: bool = False             # mismatches are scored, not outages
    alter: object = None
    make: object = None                  # not by simulate.py
    seeds: tuple = ()                    # instead of those asked for
    compare: tuple = ("missed", "false alarms", "mean", "p95")  # with the reference, trace by trace

    def trace_arguments(self, seed, days):
        if self.make:
            return [*self.simulate, *(["--seed", str(seed)] if len(self.seeds) > 1 else [])]
        return [*self.simulate, *(ADAPTIVE if self.adaptive else []), "--seed", str(seed), "--days", str(days)]

    def our_arguments(self):
        alone = ["--no-component-stream"] if self.level == "target" and self.at_once() else []
        return [*self.ours, *alone, *(ADAPTIVE if self.adaptive else [])]

    def at_once(self):
        return self.ours[:2] == AT_ONCE

    def reference_arguments(self):
        minimum = "0" if self.at_once() else "90"
        adaptive = ["--adaptive", *ADAPTIVE] if self.adaptive else []
        pool = ["--pool"] if self.level == "service" or not self.at_once() else []
        return ["--merge", "600", "--min-outage", minimum, *adaptive, *pool, *self.reference]


def intermittent(share, base=None):
    return ["--scenario", "intermittent", "--p", share, *(["--base", base] if base else [])]


def outages(name, simulate, limits, **more):
    return Row(name, simulate, limits, ours=AT_ONCE, **more)


def quiet(name, simulate, **more):
    """Under the defaults nobody may be blamed: a nuisance counts as much as any false alarm."""
    return [Row(f"{name}, {pace}", simulate, {"false alarms": 0}, adaptive=pace == "adaptive", compare=("false alarms",), **more)
            for pace in ("fixed", "adaptive")]


HARD = {"mean": 80, "p95": 95, "missed": 0}
ROWS = [
    outages("hard, fixed", ["--scenario", "hard"], HARD),
    outages("44 %, fixed", intermittent(".44"), {"mean": 265, "flaps": 0.05}),
    outages("44 %, adaptive", intermittent(".44"), {"mean": 170, "flaps": 0.05}, adaptive=True),
    outages("44 %, adaptive, component", intermittent(".44"), {"mean": 120, "flaps": 0.05}, adaptive=True, level="service"),
    outages("20 %, adaptive, component", intermittent(".2"), {"mean": 240, "missed": 0}, adaptive=True, level="service"),
    outages("10 % at 0.1 %, adaptive, component", intermittent(".1"), {"mean": 440, "missed": 0}, adaptive=True, level="service"),
    outages("10 % at 1 %, adaptive, component", intermittent(".1", ".01"), {"mean": 650, "missed": 0}, adaptive=True, level="service"),
    outages("latency, adaptive, component", ["--scenario", "latency"], {"mean": 95, "missed": 0}, adaptive=True, level="service"),
    *quiet("local", ["--scenario", "local"]),
    *quiet("bursty and local", ["--scenario", "bursty", "--local-per-day", "1"]),
    *quiet("quiet at 1 %", ["--scenario", "quiet", "--base", ".01"]),
    outages("hard, no control reachable", ["--scenario", "hard"], HARD, alter=traces.controls_unreachable, reference=["--no-controls"]),
    *quiet("our network down for 3 h", ["--scenario", "quiet"], alter=traces.network_down),
    outages("pagelag", ["--scenario", "pagelag"], {"missed": 0, "median": 60, "doubled": 0}, level="service", mismatches=True, compare=("missed",)),
    outages("pageflap", ["--scenario", "pageflap"], {"too early per 78": 40}, level="service", mismatches=True, compare=()),
    Row("measured rates of LLM APIs, fixed", [], {}, ours=AT_ONCE, make=traces.measured_rates, seeds=(11, 12, 13)),
    Row("a public uptime history, every 5 min", ["--step", "300"], {}, ours=[*AT_ONCE, "--interval", "300s"],
        reference=["--interval", "300", "--R", "300"], make=traces.uptime_history, seeds=(1,)),
]
