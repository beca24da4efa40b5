"""What is measured: one line of the table each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.load.azure import TracedApp
from benchmarks.load.calls import Mix
from benchmarks.load.plans import Stream
from benchmarks.load.senders import Plan

_BATCH = 512
_TEMPLATES = 48
"""Written bodies of a load, dealt out to its connections; of small requests more."""
_BREADTHS: Mapping[str, Mapping[str, int]] = {
    "live": {"spread_seconds": 1},
    "late": {"spread_seconds": 3 * 3600},
    "dense": {"spread_seconds": 1, "tenants": 2, "models": 2, "features": 1},
    "sparse": {"spread_seconds": 24 * 3600, "tenants": 500, "models": 8, "features": 25},
}
_LONGEST_LIVE_SECONDS = 1
_TRACED_APPS = 8


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One load and what we aim at under it."""

    name: str
    what: str
    form: str
    connections: int
    calls_a_request: int = _BATCH
    times_each: int = 1
    breadth: str = "live"
    """How many rollup groups the calls fall into, and whether they have just ended."""
    templates: int = _TEMPLATES
    one_tenant_a_request: bool = False
    bursts: bool = False
    processes: int = 2
    goal: str = ""
    """From the project's goals: calls a second and share of COPY."""

    def plans(self, now_unix_seconds: int, seconds: float) -> Sequence[Plan]:
        """What each connection sends; the calls began shortly before now."""
        breadths = _BREADTHS[self.breadth]
        spread = breadths["spread_seconds"]
        mix = Mix(start_unix_seconds=now_unix_seconds - spread, **breadths)
        if self.bursts:
            return [
                TracedApp(form=self.form, mix=mix, number=number, seconds=seconds)
                for number in range(self.connections)
            ]
        return [
            Stream(
                form=self.form,
                mix=mix,
                number=number,
                calls_a_request=self.calls_a_request,
                templates=max(1, self.templates // self.connections),
                times_each=self.times_each,
                one_tenant_a_request=self.one_tenant_a_request,
                is_live=spread <= _LONGEST_LIVE_SECONDS,
            )
            for number in range(self.connections)
        ]


def _batches(form: str, connections: int, goal: str = "") -> Scenario:
    words = {"otlp": "OTLP protobuf", "ndjson": "NDJSON on POST /v1/calls"}
    return Scenario(
        name=f"{form}-{connections}",
        what=f"{words[form]}, {connections} senders of {_BATCH}",
        form=form,
        connections=connections,
        goal=goal,
    )


def _single(form: str, what: str) -> Scenario:
    return Scenario(
        name=f"single-{form}-32",
        what=f"one {what} a request, 32 clients",
        form=form,
        connections=32,
        calls_a_request=1,
        templates=8192,
        goal="1,500",
    )


SCENARIOS = (
    _batches("otlp", 4, "40,000 · 18 %"),
    _batches("ndjson", 4, "60,000 · 27 %"),
    _batches("otlp", 16),
    _batches("ndjson", 16),
    _batches("otlp", 64),
    _batches("ndjson", 64),
    _single("otlp", "span"),
    _single("ndjson", "call"),
    Scenario(
        name="otlp-4-apart",
        what="OTLP, 4 senders, one tenant a body",
        form="otlp",
        connections=4,
        one_tenant_a_request=True,
    ),
    Scenario(
        name="otlp-4-dup50",
        what="OTLP, 4 senders, every body sent twice",
        form="otlp",
        connections=4,
        times_each=2,
    ),
    Scenario(
        name="ndjson-4-dup50",
        what="NDJSON, 4 senders, every body sent twice",
        form="ndjson",
        connections=4,
        times_each=2,
    ),
    Scenario(
        name="ndjson-4-dense",
        what="NDJSON, 4 senders, few rollup groups",
        form="ndjson",
        connections=4,
        breadth="dense",
    ),
    Scenario(
        name="ndjson-4-sparse",
        what="NDJSON, 4 senders, nearly a group a call",
        form="ndjson",
        connections=4,
        breadth="sparse",
        templates=800,
    ),
    Scenario(
        name="otlp-4-late",
        what="OTLP, 4 senders, calls of the last three hours",
        form="otlp",
        connections=4,
        breadth="late",
    ),
    Scenario(
        name="otlp-azure",
        what=f"OTLP, bursts of {_TRACED_APPS} apps as the Azure traces came",
        form="otlp",
        connections=_TRACED_APPS,
        bursts=True,
    ),
)
