"""Which budgets make sense; what is wrong with one is said by the name of its field."""

from __future__ import annotations

from decimal import Context, Decimal
from unicodedata import category

from ledger.domain.budgets.budget import OPERATOR, ROLLING, Budget
from ledger.domain.budgets.scope import EVERY_VALUE, is_dimension
from ledger.domain.calls import ERROR, OK
from ledger.domain.dimensions import DIMENSIONS
from ledger.domain.errors import InvalidRecord
from ledger.domain.money import PICO_PER_USD
from ledger.domain.zones import QUARTER_HOUR_SECONDS, zone

LONGEST_TEXT = 256
MOST_DIMENSIONS = 8
MOST_THRESHOLDS = 10
LARGEST_THRESHOLD = 100
MOST_CHANNELS = 20
THRESHOLD_DIGITS = 6
LONGEST_WINDOW_SECONDS = 400 * 86_400
MOST_USD = 10**12
MOST_TOKENS = 10**18
_MOST_DIGITS = 40
_EXACT = Context(prec=2 * _MOST_DIGITS)
_STATUSES = (OK, ERROR, EVERY_VALUE)


def check_budget(budget: Budget) -> None:
    """Raise InvalidRecord, naming the field, for a budget that cannot be."""
    check_text("name", budget.name)
    _check_scope(budget)
    _check_amount(budget)
    _check_period(budget)
    _check_thresholds(budget)
    if len(budget.channels) > MOST_CHANNELS:
        raise InvalidRecord("channels", f"are more than {MOST_CHANNELS}")


def tenant_of_scope(scope: dict[str, str]) -> str:
    """The one tenant that a scope names, or OPERATOR."""
    tenant = scope.get("tenant", EVERY_VALUE)
    return OPERATOR if tenant == EVERY_VALUE else tenant


def pico_of_amount(name: str, usd: Decimal) -> int:
    """An amount of money in pico-dollars. Raises InvalidRecord for what is none."""
    if not usd.is_finite() or usd < 0:
        raise InvalidRecord(name, "expected an amount of money that is not negative")
    if usd > MOST_USD:
        raise InvalidRecord(name, f"more than {MOST_USD} dollars is not believed")
    if len(usd.as_tuple().digits) > _MOST_DIGITS or _EXACT.multiply(usd, PICO_PER_USD) % 1:
        raise InvalidRecord(name, "has more than twelve digits after the point")
    return int(_EXACT.multiply(usd, PICO_PER_USD))


def check_text(name: str, value: str, *, may_be_empty: bool = False) -> None:
    """Raise InvalidRecord for a text that is empty, too long, or holds control characters."""
    if value != value.strip() or not (value or may_be_empty):
        raise InvalidRecord(name, "is empty, or begins or ends with a space")
    if len(value) > LONGEST_TEXT:
        raise InvalidRecord(name, f"longer than {LONGEST_TEXT} characters")
    if any(category(character) in ("Cc", "Cs") for character in value):
        raise InvalidRecord(name, "holds control characters")


def _check_scope(budget: Budget) -> None:
    if len(budget.scope) > MOST_DIMENSIONS:
        raise InvalidRecord("scope", f"names more than {MOST_DIMENSIONS} dimensions")
    for name, value in budget.scope.items():
        if not is_dimension(name):
            known = ", ".join(DIMENSIONS)
            raise InvalidRecord(
                f"scope.{name}", f"is no dimension; known are {known}, user and tags.<name>"
            )
        check_text(f"scope.{name}", name)
        check_text(f"scope.{name}", value, may_be_empty=name != "tenant")
        if name == "status" and value not in _STATUSES:
            raise InvalidRecord(f"scope.{name}", f"expected {', '.join(_STATUSES)}")


def _check_amount(budget: Budget) -> None:
    if (budget.amount_pico_usd is None) == (budget.amount_tokens is None):
        raise InvalidRecord("amount_usd", "either amount_usd or amount_tokens is needed, not both")
    name = "amount_tokens" if budget.is_in_tokens else "amount_usd"
    if budget.amount <= 0:
        raise InvalidRecord(name, "must be more than 0")
    if budget.is_in_tokens and budget.amount > MOST_TOKENS:
        raise InvalidRecord(name, f"more than {MOST_TOKENS} tokens is not believed")
    if budget.rollover_cap_pico_usd is not None:
        if budget.is_in_tokens:
            raise InvalidRecord("rollover_cap_usd", "only budgets in dollars roll over")
        if budget.period == ROLLING:
            raise InvalidRecord("rollover_cap_usd", "a rolling period has nothing to roll over")


def _check_period(budget: Budget) -> None:
    try:
        zone(budget.time_zone)
    except ValueError as error:
        raise InvalidRecord("time_zone", str(error)) from error
    seconds = budget.window_seconds
    if budget.period != ROLLING:
        if seconds is not None:
            raise InvalidRecord("window_seconds", "is for rolling periods only")
        return
    if seconds is None:
        raise InvalidRecord("window_seconds", "is needed for a rolling period")
    if not QUARTER_HOUR_SECONDS <= seconds <= LONGEST_WINDOW_SECONDS:
        raise InvalidRecord("window_seconds", "must be from a quarter-hour (900) to 400 days")
    if seconds % QUARTER_HOUR_SECONDS:
        raise InvalidRecord("window_seconds", "must be a multiple of a quarter-hour (900)")


def _check_thresholds(budget: Budget) -> None:
    if len(budget.thresholds) > MOST_THRESHOLDS:
        raise InvalidRecord("thresholds", f"are more than {MOST_THRESHOLDS}")
    for place, share in enumerate(budget.thresholds):
        if not share.is_finite() or not 0 < share <= LARGEST_THRESHOLD:
            raise InvalidRecord(
                f"thresholds[{place}]", f"expected a share above 0, up to {LARGEST_THRESHOLD}"
            )
        if share * 10**THRESHOLD_DIGITS % 1:
            raise InvalidRecord(
                f"thresholds[{place}]", f"has more than {THRESHOLD_DIGITS} digits after the point"
            )
    if len(set(budget.thresholds)) < len(budget.thresholds):
        raise InvalidRecord("thresholds", "name one share twice")
