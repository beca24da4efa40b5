"""The families that tell how refreshes of the price catalog went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exporters.prometheus import catalogue
from exporters.prometheus.exposition import header, labels, sample
from ledger.commands.catalog import FAILED, RESULTS
from ledger.queries.pricing.catalog import RefreshCount


def refresh_families(counts: Sequence[RefreshCount]) -> Iterator[str]:
    """Refreshes by result, and when the catalog was last served as it is in use."""
    known = {one.result: one for one in counts}
    yield header(catalogue.CATALOG_REFRESHES)
    for result in RESULTS:
        text = labels(catalogue.CATALOG_REFRESHES.labels, (result,))
        number = known[result].refreshes if result in known else 0
        yield sample(catalogue.CATALOG_REFRESHES.name, text, number)
    confirmed = [
        known[result].last_at for result in RESULTS if result in known and result != FAILED
    ]
    if confirmed:
        yield header(catalogue.CATALOG_CONFIRMED)
        seconds = int(max(confirmed).timestamp())
        yield sample(catalogue.CATALOG_CONFIRMED.name, "", seconds)
