"""What budgets and reservations should do, written as plainly as can be: the reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID


@dataclass
class PlainReservation:
    """An amount and what became of it."""

    amount: int
    accounts: list[str]
    state: str = "held"
    is_time_up: bool = False
    counted: int = 0
    """Settled, or else the cost of the call."""


@dataclass
class PlainTill:
    """Limits by account, and reservations by name. An account's name says what it holds for."""

    limits: dict[str, int]
    reservations: dict[UUID, PlainReservation] = field(default_factory=dict)
    booked: list[tuple[list[str], int]] = field(default_factory=list)
    """Accounts and costs of calls."""

    def used(self, account: str) -> int:
        """Spent and settled; a call replaces what was settled for it."""
        settled = (
            one.counted
            for one in self.reservations.values()
            if one.state == "settled" and account in one.accounts
        )
        return sum(settled) + sum(cost for accounts, cost in self.booked if account in accounts)

    def held(self, account: str) -> int:
        """What is held and still has time."""
        return sum(
            one.amount
            for one in self.reservations.values()
            if one.state == "held" and not one.is_time_up and account in one.accounts
        )

    def reserve(self, name: UUID, amount: int, accounts: list[str]) -> str | None:
        """None when it fits everywhere, else the first account that has no room."""
        for account in accounts:
            if self.used(account) + self.held(account) + amount > self.limits[account]:
                return account
        self.reservations[name] = PlainReservation(amount, accounts)
        return None

    def settle(self, name: UUID, spent: int) -> None:
        """The first one stands, and a call before it does too."""
        one = self.reservations[name]
        if one.state not in ("settled", "booked"):
            one.state, one.counted = "settled", spent

    def release(self, name: UUID) -> None:
        """Only what is held can be given back."""
        one = self.reservations[name]
        if one.state == "held":
            one.state = "released"

    def let_time_pass(self, name: UUID) -> None:
        """Its time is up now."""
        self.reservations[name].is_time_up = True

    def book(self, name: UUID, cost: int) -> None:
        """A call of a reservation; calls after the first one count too, and replace nothing."""
        one = self.reservations[name]
        one.state = "booked"
        self.booked.append((one.accounts, cost))

    def sweep(self) -> None:
        """Give back all whose time is up."""
        for one in self.reservations.values():
            if one.state == "held" and one.is_time_up:
                one.state = "expired"
