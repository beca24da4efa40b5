"""The figures of the overview: a handful of questions to the ledger, none of them about Dash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dashboards import ranges
from dashboards.context import Context
from dashboards.ranges import Range
from ledger.queries.freshness import first_hour, latest_call
from ledger.queries.spend import SpendQuestion, SpendRow, spend


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One stretch of time and the one it is held against."""

    range: Range
    now: SpendRow
    before: SpendRow | None
    """None when the ledger does not reach back to the start of the earlier stretch."""
    over_time: list[SpendRow]
    """By interval, with percentiles."""


@dataclass(frozen=True, kw_only=True)
class OverviewData:
    """Everything the overview shows for one range and tenant."""

    range: Range
    today: Compared
    month: Compared
    whole: Compared
    by_model: list[SpendRow]
    """By interval and model."""
    by_tenant: list[SpendRow]
    """Highest spend first."""
    by_tenant_before: dict[str, SpendRow] | None
    unpriced: list[SpendRow]
    """Provider and model of calls without a price, most calls first."""
    latest_call: datetime | None
    has_calls: bool
    """Whether the ledger holds any call at all."""


def gather(context: Context, range_key: str | None, tenant: str | None) -> OverviewData:
    """Ask the ledger. Raises LedgerUnavailable."""
    now = datetime.now(UTC)
    chosen = ranges.resolve(range_key, now, context.time_zone)
    first = first_hour(context.reader, tenant)
    asked = _Asked(context, {"tenant": (tenant,)} if tenant else {}, first)
    by_model = asked.rows(chosen, interval=True, group_by=("provider", "model"))
    by_tenant = asked.rows(chosen, group_by=("tenant",))
    return OverviewData(
        range=chosen,
        today=asked.compared(ranges.today(now, context.time_zone)),
        month=asked.compared(ranges.this_month(now, context.time_zone)),
        whole=asked.compared(chosen),
        by_model=by_model,
        by_tenant=sorted(by_tenant, key=lambda row: (-row.cost_pico_usd, -row.calls)),
        by_tenant_before=asked.tenants_before(chosen),
        unpriced=_unpriced(by_model),
        latest_call=latest_call(context.reader, tenant),
        has_calls=first is not None,
    )


@dataclass(frozen=True)
class _Asked:
    context: Context
    filters: dict[str, tuple[str, ...]]
    first_hour: datetime | None

    def rows(
        self,
        of: Range,
        *,
        interval: bool = False,
        group_by: tuple[str, ...] = (),
        percentiles: bool = False,
        previous: bool = False,
    ) -> list[SpendRow]:
        question = SpendQuestion(
            start=of.previous_start if previous else of.start,
            end=of.previous_end if previous else None,
            time_zone=self.context.time_zone.key,
            interval=of.interval if interval else None,
            group_by=group_by,
            filters=self.filters,
            percentiles=percentiles,
        )
        return spend(self.context.reader, question)

    def compared(self, of: Range) -> Compared:
        return Compared(
            range=of,
            now=self.rows(of, percentiles=True)[0],
            before=self.rows(of, previous=True)[0] if self._reaches_back(of) else None,
            over_time=self.rows(of, interval=True, percentiles=True),
        )

    def tenants_before(self, of: Range) -> dict[str, SpendRow] | None:
        if not self._reaches_back(of):
            return None
        rows = self.rows(of, group_by=("tenant",), previous=True)
        return {row.group["tenant"]: row for row in rows}

    def _reaches_back(self, of: Range) -> bool:
        return self.first_hour is not None and self.first_hour <= of.previous_start


def _unpriced(by_model: list[SpendRow]) -> list[SpendRow]:
    merged: dict[tuple[str, str], SpendRow] = {}
    for row in by_model:
        if row.unpriced_calls:
            key = (row.group["provider"], row.group["model"])
            merged[key] = row if key not in merged else _with_more_unpriced(merged[key], row)
    return sorted(merged.values(), key=lambda row: -row.unpriced_calls)


def _with_more_unpriced(row: SpendRow, other: SpendRow) -> SpendRow:
    return SpendRow(**{**vars(row), "unpriced_calls": row.unpriced_calls + other.unpriced_calls})
