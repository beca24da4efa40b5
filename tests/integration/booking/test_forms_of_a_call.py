"""One call plain, streamed, or broken off and completed: the same cost in whatever order it comes.

Records are told as their senders tell them, and booked as in earnest.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest

from ledger.domain.calls import Call
from ledger.domain.usage import NO_USAGE, Usage
from ledger.pricing.book import PriceBook
from ledger.pricing.usages.normalise import normalise
from ledger.storage.database import Database
from ledger.storage.self_check import check_totals
from tests.factories.calls import START, a_call
from tests.factories.spans import a_span, an_event
from tests.integration.bookings import Teller
from tests.integration.books import Books

USED = normalise(
    "anthropic",
    "chat",
    {
        "input_tokens": 465,
        "cache_read_input_tokens": 1536,
        "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
        "output_tokens": 393,
    },
)
SO_FAR = Usage(
    input_tokens=465,
    cache_read_tokens=1536,
    cache_write_5m_tokens=20,
    cache_write_1h_tokens=30,
    output_tokens=12,
)
AT_ITS_START = Usage(
    input_tokens=465, cache_read_tokens=1536, cache_write_5m_tokens=20, cache_write_1h_tokens=30
)
LATER = START + timedelta(seconds=3)


def _one(name: str, **changes: Any) -> Call:
    return a_call(
        **{
            "id": name,
            "provider": "anthropic",
            "model": "claude-sonnet-4-5",
            "response_id": "msg_1",
            "usage": USED,
            **changes,
        }
    )


def _span(name: str, **changes: Any) -> Call:
    fields = {"provider": "anthropic", "model": "claude-sonnet-4-5", "response_id": "msg_1"}
    return a_span(name, **{**fields, "usage": USED, **changes})


_EVENT = an_event("1", provider="anthropic", model="claude-sonnet-4-5", usage=USED)

FORMS: dict[str, list[Call]] = {
    "streamed, its usage in a log event": [
        _span("1", usage=NO_USAGE),
        _EVENT,
    ],
    "streamed and left by the span, completed for the gateway": [
        _span("1", usage=AT_ITS_START),
        _one("g", receiver="litellm", dialect="litellm", scope="litellm"),
    ],
    "streamed, told of by two instrumentations and a log": [
        _span("1", scope="a", dialect="anthropic_sdk", usage=AT_ITS_START),
        _span("2", scope="b", trace="b" * 32),
        _EVENT,
    ],
    "broken off and then completed under the same id": [
        _one("x", status="error", error_type="aborted", usage=SO_FAR),
        _one("x", started_at=LATER),
    ],
    "broken off without usage and then completed": [
        _one("x", status="error", error_type="timeout", usage=NO_USAGE, response_id=None),
        _one("x", started_at=LATER),
    ],
    "refused, broken off, and completed under the same id": [
        _one("x", status="error", error_type="429", usage=NO_USAGE, response_id=None),
        _one("x", started_at=LATER, status="error", error_type="aborted", usage=SO_FAR),
        _one("x", started_at=LATER + timedelta(seconds=9)),
    ],
    "broken off for the client, completed for the gateway": [
        _one("c", status="error", error_type="timeout", usage=SO_FAR),
        _one("g", receiver="litellm", dialect="litellm", scope="litellm"),
    ],
}
COST = PriceBook().price(_one("plain"))


@pytest.mark.parametrize("records", FORMS.values(), ids=FORMS)
def test_each_form_costs_what_the_plain_call_costs_in_any_order(
    records: list[Call], database: Database, books: Books
) -> None:
    assert COST.pico_usd
    orders = list(permutations(records))
    for number, order in enumerate(orders):
        teller = Teller(database)
        for record in order:
            teller.tell([_of(f"apart-{number}", record)], record.receiver)
        Teller(database).tell([_of(f"together-{number}", record) for record in order])
    booked = books.rows("SELECT tenant, cost_status, cost_pico_usd FROM current_calls")
    assert len(booked) == 2 * len(orders)
    assert {(row["cost_status"], int(row["cost_pico_usd"] or 0)) for row in booked} == {
        ("priced", COST.pico_usd)
    }
    counted = books.counted("totals")
    assert counted == books.counted("rollups") == books.counted("calls")
    assert counted["cost_pico_usd"] == COST.pico_usd * 2 * len(orders)
    assert counted["unpriced_calls"] == 0
    with database.transaction("tollbook_ingest") as connection:
        assert check_totals(connection) == (0, 0)


def test_a_record_told_again_with_other_counts_changes_nothing(
    database: Database, books: Books
) -> None:
    """The same id and start are the same record for ever: what comes second is a duplicate."""
    teller = Teller(database)
    teller.tell([_one("x", status="error", error_type="aborted", usage=SO_FAR)])
    before = books.everything()
    assert teller.tell([_one("x")]).duplicate == 1
    assert books.everything() == before


def _of(tenant: str, record: Call) -> Call:
    return msgspec.structs.replace(record, tenant=tenant)
