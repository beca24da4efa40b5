"""The families that tell how long commits took, how large they were and how far behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporters.prometheus import catalogue
from exporters.prometheus.exposition import header, labels, sample
from ledger.domain.ingest import COMMIT_BOUNDS, CommitCount

_FAMILIES = {
    "seconds": catalogue.COMMIT_SECONDS,
    "calls": catalogue.COMMIT_CALLS,
    "lag_seconds": catalogue.LAG_SECONDS,
}


def commit_families(counts: Iterable[CommitCount]) -> Iterator[str]:
    """The histograms; there from the start, with 0."""
    listed = list(counts)
    for measure, metric in _FAMILIES.items():
        yield header(metric)
        own = {one.bucket: one for one in listed if one.measure == measure}
        reached = 0
        for bucket, bound in enumerate([*COMMIT_BOUNDS[measure], "+Inf"]):
            reached += own[bucket].commits if bucket in own else 0
            yield sample(f"{metric.name}_bucket", labels(("le",), (str(bound),)), reached)
        total = sum(one.total for one in own.values())
        yield sample(f"{metric.name}_sum", "", f"{total:.6f}")
        yield sample(f"{metric.name}_count", "", reached)
