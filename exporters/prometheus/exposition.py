"""The text format of Prometheus, written from ready label strings.

Counters and sums are exact decimal text: Prometheus turns them into floats, nothing here does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from exporters.prometheus.catalogue import Metric
from ledger.domain.latency import ADVISED_BOUNDS_SECONDS, ADVISED_BUCKETS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def labels(names: Iterable[str], values: Iterable[str]) -> str:
    """`name="value",...` with the values escaped, without braces."""
    return ",".join(
        f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(names, values, strict=True)
    )


def header(metric: Metric) -> str:
    """The HELP and TYPE lines of a metric family."""
    return f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}"


def sample(name: str, label_text: str, value: str | int) -> str:
    """One sample line."""
    return f"{name}{{{label_text}}} {value}" if label_text else f"{name} {value}"


def histogram(
    name: str, label_text: str, counts: Mapping[int, int], sum_microseconds: int
) -> list[str]:
    """The lines of one histogram from counts by fine latency bucket (ledger.domain.latency)."""
    lines = []
    reached = 0
    remaining = sorted(counts.items())
    for bound, last_bucket in zip(ADVISED_BOUNDS_SECONDS, ADVISED_BUCKETS, strict=True):
        while remaining and remaining[0][0] <= last_bucket:
            reached += remaining.pop(0)[1]
        lines.append(f'{name}_bucket{{{label_text},le="{bound}"}} {reached}')
    total = reached + sum(count for _, count in remaining)
    lines.append(f'{name}_bucket{{{label_text},le="+Inf"}} {total}')
    seconds, fraction = divmod(sum_microseconds, 1_000_000)
    lines.append(f"{name}_sum{{{label_text}}} {seconds}.{fraction:06d}")
    lines.append(f"{name}_count{{{label_text}}} {total}")
    return lines
