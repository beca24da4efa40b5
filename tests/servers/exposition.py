"""Reading the text that /metrics answers with, exactly: values stay decimal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

_SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Sample(NamedTuple):
    """One sample line."""

    name: str
    labels: dict[str, str]
    value: Decimal


def samples(exposition: str, name: str | None = None) -> Iterator[Sample]:
    """Yield the samples, all or those of one name."""
    for line in exposition.splitlines():
        if line.startswith("#"):
            continue
        found = _SAMPLE.match(line)
        assert found is not None, f"no sample line: {line!r}"
        if name in (None, found["name"]):
            labels = dict(_LABEL.findall(found["labels"] or ""))
            yield Sample(found["name"], labels, Decimal(found["value"]))


def total(exposition: str, name: str, **labels: str) -> Decimal:
    """Sum over all series of a metric that have these labels."""
    return sum(
        (
            sample.value
            for sample in samples(exposition, name)
            if labels.items() <= sample.labels.items()
        ),
        Decimal(0),
    )
