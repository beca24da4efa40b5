"""Which label values are shown: first come, first served, and never withdrawn.

Prometheus suffers from too many series, so beyond a bound new values become `other`: first feature
and model, then provider and operation, the tenant last. A series of the ledger keeps the labels it
was first given (they are stored), so a counter never falls and the sum over all series always
equals the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from ledger.domain.ingest import COMMIT_BOUNDS
from ledger.domain.latency import ADVISED_BOUNDS_SECONDS
from ledger.domain.usage import TOKEN_FIELDS
from ledger.storage.database import EVERY_TENANT, Database
from ledger.storage.tables import metric_label_sets

LabelSet = tuple[str, str, str, str, str]
"""(tenant, feature, provider, model, operation)."""

OTHER = "other"

_HISTOGRAM_SAMPLES = len(ADVISED_BOUNDS_SECONDS) + 3
SAMPLES_A_LABEL_SET = 6 + len(TOKEN_FIELDS) + 2 * _HISTOGRAM_SAMPLES
"""Most lines of one label set: cost, credits, unpriced, credited, two statuses, token types and two
histograms."""

OTHER_SAMPLES = 80 + sum(len(bounds) + 3 for bounds in COMMIT_BOUNDS.values())
"""Lines that are not of a label set: of receivers, the spool and the like, and of commits."""

_FULL_SHARE = 0.5
_WITHOUT_FEATURE_AND_MODEL_SHARE = 0.65

_ORIGINAL = ("tenant", "feature", "provider", "model", "operation")
_SHOWN = tuple(f"shown_{name}" for name in _ORIGINAL)


class Admissions:
    """The stored decisions of which label set is shown as what."""

    def __init__(self, database: Database, max_samples: int) -> None:
        self._database = database
        self._most = max(1, (max_samples - OTHER_SAMPLES) // SAMPLES_A_LABEL_SET)
        self._shown_as: dict[LabelSet, LabelSet] = {}

    def admit(self, label_sets: Iterable[LabelSet]) -> dict[LabelSet, LabelSet]:
        """What each label set is shown as, deciding and storing it for new ones in their order."""
        wanted = list(dict.fromkeys(label_sets))
        if any(label_set not in self._shown_as for label_set in wanted):
            self._load()
        new = [label_set for label_set in wanted if label_set not in self._shown_as]
        if new:
            self._store(self._decide(new))
            self._load()
        return self._shown_as

    def _decide(self, new: list[LabelSet]) -> list[tuple[LabelSet, LabelSet]]:
        shown = set(self._shown_as.values())
        decided = []
        for label_set in new:
            choice = self._choice(label_set, shown)
            shown.add(choice)
            decided.append((label_set, choice))
        return decided

    def _choice(self, label_set: LabelSet, shown: set[LabelSet]) -> LabelSet:
        tenant, _, provider, _, operation = label_set
        for candidate, share in (
            (label_set, _FULL_SHARE),
            ((tenant, OTHER, provider, OTHER, operation), _WITHOUT_FEATURE_AND_MODEL_SHARE),
            ((tenant, OTHER, OTHER, OTHER, OTHER), 1.0),
        ):
            if candidate in shown or len(shown) < int(self._most * share) - 1:
                return candidate
        return (OTHER, OTHER, OTHER, OTHER, OTHER)

    def _load(self) -> None:
        statement = select(metric_label_sets)
        with self._database.transaction("tollbook_app", EVERY_TENANT) as connection:
            rows = connection.execute(statement).all()
        self._shown_as = {tuple(row[:5]): tuple(row[5:]) for row in rows}

    def _store(self, decided: list[tuple[LabelSet, LabelSet]]) -> None:
        values = [
            dict(zip((*_ORIGINAL, *_SHOWN), (*original, *shown), strict=True))
            for original, shown in sorted(decided)
        ]
        with self._database.transaction("tollbook_ingest") as connection:
            # Where another process decided first, its decision stands.
            connection.execute(insert(metric_label_sets).on_conflict_do_nothing(), values)
