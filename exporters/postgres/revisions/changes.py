"""What pricing calls anew changes: in their entries, in sums, and by tenant, model and day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from exporters.postgres.revisions.pages import CallPlace, Page, State
from ledger.domain.calls import Call, Cost
from ledger.domain.revisions.repricing import Filter, is_other_cost, is_wanted
from ledger.domain.zones import QUARTER_HOUR_SECONDS

PriceAll = Callable[[list[Call]], list[Cost]]

Group = tuple[date, str]
"""Day in the tenant's zone, and model."""
_QuarterHour = tuple[float, str]


class Change(NamedTuple):
    """A call and what it costs from now on."""

    before: State
    cost: Cost


@dataclass
class Difference:
    """Calls of one group before and after."""

    calls: int = 0
    calls_changed: int = 0
    unpriced_before: int = 0
    unpriced_after: int = 0
    before_pico_usd: int = 0
    after_pico_usd: int = 0


@dataclass
class Changes:
    """What one page changes."""

    changed: list[Change] = field(default_factory=list)
    calls_seen: int = 0
    before_pico_usd: int = 0
    after_pico_usd: int = 0
    differences: dict[Group, Difference] = field(default_factory=dict)
    last: CallPlace | None = None


class Repriced(NamedTuple):
    """How calls are chosen and priced."""

    accepted: Filter
    price_all: PriceAll
    zone: ZoneInfo
    """Of the tenant's days."""


def changes_of(page: Page, how: Repriced) -> Changes:
    """Price the chosen calls of a page, each once, and add up what changes."""
    states = page.states
    if how.accepted:
        states = [one for one in states if is_wanted(how.accepted, one.call.series, one.cost)]
    costs = how.price_all([one.call for one in states])
    changes = Changes(calls_seen=len(states), last=page.last)
    groups: dict[_QuarterHour, Difference] = {}
    for state, cost in zip(states, costs, strict=True):
        is_changed = is_other_cost(state.cost, cost)
        if is_changed:
            changes.changed.append(Change(state, cost))
        _count(groups, state, cost, is_changed=is_changed)
    _sum_up(changes, groups, how.zone)
    return changes


def _count(
    groups: dict[_QuarterHour, Difference], state: State, cost: Cost, *, is_changed: bool
) -> None:
    """Count in quarter-hours, of which every zone's days are made."""
    call, before = state.call, state.cost
    quarter = call.started_at.timestamp() // QUARTER_HOUR_SECONDS
    group = groups.get((quarter, call.model))
    if group is None:
        group = groups[quarter, call.model] = Difference()
    group.calls += 1
    group.calls_changed += is_changed
    group.unpriced_before += before.pico_usd is None
    group.unpriced_after += cost.pico_usd is None
    group.before_pico_usd += before.pico_usd or 0
    group.after_pico_usd += cost.pico_usd or 0


def _sum_up(changes: Changes, groups: Mapping[_QuarterHour, Difference], zone: ZoneInfo) -> None:
    for (quarter, model), one in groups.items():
        day = datetime.fromtimestamp(quarter * QUARTER_HOUR_SECONDS, zone).date()
        into = changes.differences.setdefault((day, model), Difference())
        for name, value in vars(one).items():
            setattr(into, name, getattr(into, name) + value)
        changes.before_pico_usd += one.before_pico_usd
        changes.after_pico_usd += one.after_pico_usd
