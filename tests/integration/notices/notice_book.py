"""Spending under budgets, looking at them, and the notices that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from alerts.notices.addresses import shown_address
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.notices.channels import set_channel
from ledger.commands.notices.watching import note_crossings
from ledger.domain.budgets.budget import Budget
from ledger.domain.calls import Call
from ledger.domain.money import PICO_PER_USD
from ledger.domain.notices.notice import Channel
from ledger.domain.usage import Usage
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.integration.budgets.books import set_budget

DAY = timedelta(days=1)
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_DELIVERIES = text("SELECT * FROM notice_deliveries ORDER BY threshold, channel")
_NOTICES = text("""
    SELECT notices.* FROM budget_notices AS notices JOIN budgets USING (budget_id)
    ORDER BY crossed_at, budgets.name, scope_key, threshold, armed_at
""")


def a_token_budget(tokens: int = 100, **changes: Any) -> Budget:
    """A budget of so many tokens a day, with notices at half, four fifths and all of it."""
    fields: dict[str, Any] = {"amount_tokens": tokens, "period": "day", "action": "notify"}
    return a_budget(**{**fields, **changes})


def calls_of(tokens: Sequence[int], at: datetime, **changes: Any) -> list[Call]:
    """A call for each number of tokens."""
    return [
        a_call(id=str(uuid4()), started_at=at, usage=Usage(input_tokens=one), **changes)
        for one in tokens
    ]


def spend(database: Database, tokens: int, at: datetime, **changes: Any) -> None:
    """Book a call that takes so many tokens."""
    Teller(database).tell(calls_of([tokens], at, **changes))


def look(database: Database, at: datetime, *, back: timedelta = timedelta(minutes=15)) -> int:
    """Look at the budgets as the job does; returns how many notices there are more."""
    with database.transaction("tollbook_ingest") as connection:
        return note_crossings(connection, since=at - back, at=at)


def notices(database: Database) -> list[Any]:
    """All notices there are, by time."""
    with database.transaction("tollbook_ingest") as connection:
        return list(connection.execute(_NOTICES).all())


def thresholds(database: Database) -> list[str]:
    """The thresholds of all notices, by time."""
    return [f"{Decimal(one.threshold).normalize():f}" for one in notices(database)]


def deliveries(database: Database) -> list[Any]:
    """Each notice to each channel."""
    with database.transaction("tollbook_ingest") as connection:
        return list(connection.execute(_DELIVERIES).all())


def crossed(database: Database, tokens: int = 85, **changes: Any) -> UUID:
    """A budget whose thresholds were crossed at noon."""
    budget = set_budget(database, a_token_budget(name="Chat", **changes))
    spend(database, tokens, NOON)
    look(database, NOON)
    return budget.budget_id


def a_channel(database: Database, url: str, *, tenant: str = "acme", name: str = "team") -> Channel:
    """Let notices of a tenant go somewhere."""
    reader = Reader(database, LOCAL_OPERATOR)
    return set_channel(reader, tenant=tenant, name=name, url=url, shown_url=shown_address(url))


def dollars(amount: str) -> int:
    """In pico-dollars."""
    return int(Decimal(amount) * PICO_PER_USD)
