"""What people are told when a budget reaches a threshold, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from urllib.parse import urlencode

from alerts.notices.sending import Message
from ledger.domain.budgets.budget import OPERATOR, ROLLING, Budget
from ledger.domain.budgets.limits import forecast
from ledger.domain.budgets.scope import EVERY_VALUE, values_of_key
from ledger.domain.money import usd_from_pico
from ledger.domain.notices.notice import Notice
from ledger.domain.zones import zone

_MOST_LISTED = 20
_LONGEST_VALUE = 80
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_CENT = Decimal("0.01")


def composed(budget: Budget, notices: Sequence[Notice], public_url: str | None) -> Message:
    """One message about all notices of a budget that are told together."""
    accounts: dict[tuple[str, datetime], list[Notice]] = {}
    for notice in sorted(notices, key=lambda one: (one.period_start, one.scope_key, one.threshold)):
        accounts.setdefault((notice.scope_key, notice.period_start), []).append(notice)
    groups = list(accounts.values())
    latest = [_latest(group) for group in groups]
    if len(groups) == 1:
        title = f"Budget {_named(budget, latest[0])}: {_reached(groups[0])} reached"
        lines = [*_facts(budget, groups[0]), "", _consequence(budget, latest)]
    else:
        title = f"Budget {_plain(budget.name)}: {len(groups)} accounts reached thresholds"
        lines = [_owner(budget), "", *_list(budget, groups), "", _consequence(budget, latest)]
    if public_url:
        lines += ["", _link(budget, public_url)]
    is_over = any(one.threshold >= 1 for one in notices)
    return Message(title, "\n".join(lines), "failure" if is_over else "warning")


def trial(name: str) -> Message:
    """What is sent to try a channel."""
    return Message(
        "Tollbook: a test",
        f"This is a test of the notice channel {_plain(name)}. Notices about budgets will arrive"
        " here.",
        "info",
    )


def _facts(budget: Budget, notices: Sequence[Notice]) -> list[str]:
    one = _latest(notices)
    return [
        _owner(budget),
        *([f"For: {_values(budget, one)}"] if budget.starred else []),
        f"Used: {_used(budget, one)}",
        f"Reached: {_reached(notices)}",
        f"Period: {_period(budget, one)}",
        f"Forecast: {_forecast(budget, one)}",
    ]


def _list(budget: Budget, groups: Sequence[Sequence[Notice]]) -> list[str]:
    """The accounts that used most of their limit, and how many more there are."""
    ordered = sorted(groups, key=lambda group: -_ratio(_latest(group)))
    lines = []
    for group in ordered[:_MOST_LISTED]:
        one = _latest(group)
        who = _values(budget, one) or _period(budget, one)
        lines.append(f"{who}: {_used(budget, one)}; reached {_reached(group)}")
    if len(ordered) > _MOST_LISTED:
        lines.append(f"and {len(ordered) - _MOST_LISTED} more")
    periods = {(one.period_start, one.period_end) for one in map(_latest, groups)}
    if len(periods) == 1:
        lines.append(f"Period: {_period(budget, _latest(groups[0]))}")
    return lines


def _latest(notices: Sequence[Notice]) -> Notice:
    return max(notices, key=lambda one: (one.crossed_at, one.used))


def _owner(budget: Budget) -> str:
    scope = ", ".join(
        f"{name}={'each' if value == EVERY_VALUE else _plain(value) or 'none'}"
        for name, value in sorted(budget.scope.items())
        if name != "tenant"
    )
    whose = f"tenant {_plain(budget.tenant)}"
    if budget.tenant == OPERATOR:
        whose = "each tenant" if "tenant" in budget.scope else "all tenants"
    return f"Budget: {_plain(budget.name)} ({whose}{f'; {scope}' if scope else ''})"


def _named(budget: Budget, notice: Notice) -> str:
    values = _values(budget, notice)
    return f"{_plain(budget.name)} for {values}" if values else _plain(budget.name)


def _values(budget: Budget, notice: Notice) -> str:
    """The values of the "*" dimensions, such as `user=u-17`."""
    pairs = zip(budget.starred, values_of_key(notice.scope_key), strict=True)
    return ", ".join(f"{name}={_plain(value)}" for name, value in pairs)


def _used(budget: Budget, notice: Notice) -> str:
    used, allowed = _amount(budget, notice.used), _amount(budget, notice.allowed)
    unit = "tokens" if budget.is_in_tokens else "USD"
    return f"{used} of {allowed} {unit} ({_percent(_ratio(notice))})"


def _ratio(notice: Notice) -> Decimal:
    return Decimal(notice.used) / notice.allowed if notice.allowed else Decimal(1)


def _reached(notices: Sequence[Notice]) -> str:
    shares = sorted({one.threshold for one in notices})
    return ", ".join(_percent(share) for share in shares)


def _percent(share: Decimal) -> str:
    """Rounded down: what is not reached is not said to be."""
    hundredths = (share * 100).quantize(Decimal("0.1"), ROUND_DOWN)
    return f"{hundredths.normalize():f} %"


def _period(budget: Budget, notice: Notice) -> str:
    tz = zone(budget.time_zone)
    if budget.period == ROLLING:
        return f"the last {_length(notice.period.length)}, always moving"
    bounds = [
        f"{moment.astimezone(tz):%Y-%m-%d %H:%M}"
        for moment in (notice.period.start, notice.period.end)
    ]
    left = notice.period_end - notice.crossed_at
    ends = f"ends in {_length(left)}" if left > timedelta(0) else "has ended"
    return f"{budget.period}, {bounds[0]} to {bounds[1]} {budget.time_zone}; {ends}"


def _forecast(budget: Budget, notice: Notice) -> str:
    if budget.period == ROLLING:
        return "none for a moving window"
    at = min(notice.crossed_at, notice.period_end)
    expected = forecast(notice.period, notice.used, at)
    unit = "tokens" if budget.is_in_tokens else "USD"
    return f"{_amount(budget, expected)} {unit} by the end of the period, if it goes on like this"


def _consequence(budget: Budget, notices: Sequence[Notice]) -> str:
    """What happens now; what is said of the limit holds for each account of the budget."""
    if budget.action == "notify":
        return "What happens now: nothing is held back, this budget only notifies."
    if budget.action == "throttle":
        return (
            "What happens now: reservations are held to an even pace over the period and refused,"
            " with a time to try again, when they are ahead of it."
        )
    if all(_ratio(one) < 1 for one in notices):
        return "What happens now: nothing yet; at 100 % new reservations are refused."
    until = "until enough of the use has passed" if budget.period == ROLLING else "until it ends"
    return (
        f"What happens now: where the budget is used up, new reservations are refused {until}."
        " Calls that are sent without a reservation are booked as before."
    )


def _link(budget: Budget, public_url: str) -> str:
    query = "" if budget.tenant == OPERATOR else f"?{urlencode({'tenant': budget.tenant})}"
    return f"{public_url.rstrip('/')}/{query}"


def _amount(budget: Budget, figure: int) -> str:
    if budget.is_in_tokens:
        return f"{figure:,}"
    usd = usd_from_pico(figure)
    if usd and abs(usd) < 1:
        # Two digits that count, so that small budgets show more than noughts.
        usd = usd.quantize(min(_CENT, Decimal(1).scaleb(usd.adjusted() - 1)), ROUND_HALF_EVEN)
        return f"{usd:f}"
    return f"{usd.quantize(_CENT, ROUND_HALF_EVEN):,f}"


def _length(time: timedelta) -> str:
    if time >= 2 * _DAY:
        return f"{time // _DAY} days"
    if time >= 2 * _HOUR:
        return f"{time // _HOUR} hours"
    return f"{max(1, time // timedelta(minutes=1))} minutes"


def _plain(value: str) -> str:
    """A name or value in one line, however it was sent to us."""
    printable = "".join(sign if sign.isprintable() else " " for sign in value)
    return printable if len(printable) <= _LONGEST_VALUE else f"{printable[:_LONGEST_VALUE]}..."
