"""Latency buckets: fine enough for percentiles within 5 %, aligned with OpenTelemetry's advice.

The upper bounds are 0.01 s x 2^(i/16), so each is 4.4 % above the one before, and every sixteenth
is one of the explicit bounds that the OpenTelemetry GenAI conventions advise (0.01, 0.02, 0.04
... 81.92 s).
"""

from __future__ import annotations

from bisect import bisect_left

BUCKETS_PER_DOUBLING = 16
_LOWEST = -54
_HIGHEST = 336

BUCKET_BOUNDS_SECONDS: tuple[float, ...] = tuple(
    0.01
    * 2.0 ** (i // BUCKETS_PER_DOUBLING)
    * 2.0 ** (i % BUCKETS_PER_DOUBLING / BUCKETS_PER_DOUBLING)
    for i in range(_LOWEST, _HIGHEST + 1)
)
"""Upper bounds (inclusive) from about 1 ms to about 5.8 h."""

OVERFLOW_BUCKET = len(BUCKET_BOUNDS_SECONDS)

ADVISED_BOUNDS_SECONDS: tuple[str, ...] = (
    "0.01", "0.02", "0.04", "0.08", "0.16", "0.32", "0.64",
    "1.28", "2.56", "5.12", "10.24", "20.48", "40.96", "81.92",
)  # fmt: skip
"""Explicit bucket bounds advised for gen_ai.client.operation.duration (OpenTelemetry GenAI)."""

ADVISED_BUCKETS: tuple[int, ...] = tuple(
    BUCKETS_PER_DOUBLING * i - _LOWEST for i in range(len(ADVISED_BOUNDS_SECONDS))
)
"""Index into BUCKET_BOUNDS_SECONDS of each advised bound."""


def latency_bucket(seconds: float) -> int:
    """Index of the first bucket whose upper bound is at least `seconds`."""
    return bisect_left(BUCKET_BOUNDS_SECONDS, seconds)


def seconds_at(position: float) -> float:
    """The latency at a position among the buckets: 7.25 is a quarter into the bucket of index 7.

    Whatever lies in a bucket is at most 4.4 % off any position in it.
    """
    exponent = min(position, OVERFLOW_BUCKET) - 1 + _LOWEST
    return float(0.01 * 2.0 ** (exponent / BUCKETS_PER_DOUBLING))
