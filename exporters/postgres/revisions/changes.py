"""What pricing calls anew changes: in their entries, in sums, and by tenant, model and day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from exporters.postgres.revisions.pages import CallPlace, Page, State
from ledger.domain.calls import Call, Cost
from ledger.domain.repricing import Filter, is_other_cost, is_wanted
from ledger.domain.zones import QUARTER_HOUR_SECONDS
from ledger.pricing.aliases import Aliases

PriceAll = Callable[[list[Call]], list[Cost]]

Group = tuple[date, str]
"""Day in the tenant's zone, and model."""
_QuarterHour = tuple[float, str]


class Change(NamedTuple):
    """A call and what it costs from now on."""

    before: State
    call: Call
    """The call as before, or under the name that it is priced by now."""
    cost: Cost

    @property
    def is_moved(self) -> bool:
        """Whether it counts under another model from now on."""
        return self.call is not self.before.call


@dataclass
class Difference:
    """Calls of one group before and after."""

    calls_before: int = 0
    calls_after: int = 0
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
    aliases: Aliases
    price_all: PriceAll
    zone: ZoneInfo
    """Of the tenant's days."""


def changes_of(page: Page, how: Repriced) -> Changes:
    """Price the chosen calls of a page, each once, and add up what changes."""
    states = page.states
    if how.accepted:
        states = [one for one in states if is_wanted(how.accepted, one.call.series, one.cost)]
    calls = [named(one.call, how.aliases) for one in states]
    costs = how.price_all(calls)
    changes = Changes(calls_seen=len(states), last=page.last)
    groups: dict[_QuarterHour, Difference] = {}
    for state, call, cost in zip(states, calls, costs, strict=True):
        change = Change(state, call, cost)
        is_changed = change.is_moved or is_other_cost(state.cost, cost)
        if is_changed:
            changes.changed.append(change)
        _count(groups, change, is_changed=is_changed)
    _sum_up(changes, groups, how.zone)
    return changes


def named(call: Call, aliases: Aliases) -> Call:
    """The call under the name that it is priced by; itself where it stands under it already."""
    resolved = aliases.resolve(call)
    if resolved is call or call.request_model is None:
        return resolved
    # A name that was resolved when it was booked is not resolved once more.
    sent = msgspec.structs.replace(call, model=call.request_model, request_model=None)
    return call if aliases.resolve(sent).model == call.model else resolved


def _count(groups: dict[_QuarterHour, Difference], change: Change, *, is_changed: bool) -> None:
    """Count in quarter-hours, of which every zone's days are made."""
    before, call, cost = change
    quarter = before.call.started_at.timestamp() // QUARTER_HOUR_SECONDS
    group = groups.get((quarter, before.call.model))
    if group is None:
        group = groups[quarter, before.call.model] = Difference()
    group.calls_before += 1
    group.calls_changed += is_changed
    group.unpriced_before += before.cost.pico_usd is None
    group.before_pico_usd += before.cost.pico_usd or 0
    if call.model != before.call.model:
        group = groups.setdefault((quarter, call.model), Difference())
        group.calls_changed += 1
    group.calls_after += 1
    group.unpriced_after += cost.pico_usd is None
    group.after_pico_usd += cost.pico_usd or 0


def _sum_up(changes: Changes, groups: Mapping[_QuarterHour, Difference], zone: ZoneInfo) -> None:
    for (quarter, model), one in groups.items():
        day = datetime.fromtimestamp(quarter * QUARTER_HOUR_SECONDS, zone).date()
        into = changes.differences.setdefault((day, model), Difference())
        for name, value in vars(one).items():
            setattr(into, name, getattr(into, name) + value)
        changes.before_pico_usd += one.before_pico_usd
        changes.after_pico_usd += one.after_pico_usd
