"""Figures fitted to two real traces, and how they were fitted.

Source: the Azure LLM inference traces 2023 (code and conversation), published by Microsoft in the
repository AzurePublicDataset under CC-BY 4.0 and described in Patel et al., "Splitwise: Efficient
generative LLM inference using phase splitting" (ISCA 2024). Only these figures are kept here, not
the data; `fit` makes them from the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

SHARES: tuple[float, ...] = (
    0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0,
)  # fmt: skip


class TraceFit(NamedTuple):
    """Token sizes as quantiles at SHARES, and how uneven the arrivals are from minute to minute."""

    input_tokens: tuple[int, ...]
    output_tokens: tuple[int, ...]
    burstiness: float
    """Squared coefficient of variation of the rate a minute, beyond what chance alone gives."""


CONVERSATION = TraceFit(
    input_tokens=(
        2, 29, 181, 207, 387, 403, 703, 1020, 1071, 1130, 1315, 2735, 4083, 4142, 6212, 14050,
    ),
    output_tokens=(
        7, 16, 41, 54, 77, 91, 103, 129, 177, 384, 400, 424, 451, 601, 954, 1000,
    ),
    burstiness=0.0454,
)  # fmt: skip

CODE = TraceFit(
    input_tokens=(
        3, 17, 75, 147, 385, 770, 1075, 1469, 1909, 2433, 3193, 5194, 7315, 7436, 7437, 7437,
    ),
    output_tokens=(
        6, 6, 6, 7, 8, 9, 11, 13, 16, 20, 29, 55, 90, 252, 831, 1899,
    ),
    burstiness=1.0772,
)  # fmt: skip


def fit(rows: Sequence[tuple[datetime, int, int]]) -> TraceFit:
    """Fit a trace given as (time, input tokens, output tokens), in the order of time."""
    minutes = Counter(int((at - rows[0][0]).total_seconds() // 60) for at, _, _ in rows)
    counts = [minutes[minute] for minute in range(max(minutes))]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    return TraceFit(
        input_tokens=_quantiles([row[1] for row in rows]),
        output_tokens=_quantiles([row[2] for row in rows]),
        burstiness=round((variance / mean - 1) / mean, 4),
    )


def _quantiles(values: list[int]) -> tuple[int, ...]:
    ordered = sorted(values)
    last = len(ordered) - 1
    return tuple(ordered[min(last, int(share * len(ordered)))] for share in SHARES)
