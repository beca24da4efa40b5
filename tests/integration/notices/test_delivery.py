"""Notices reach their channels: at least once, each channel on its own, nothing lost on the way."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from alerts.notices.delivering import Deliverer
from ledger.commands.notices.channels import end_channel
from ledger.commands.notices.deliveries import TAKEN_FOR, route_notices, take_deliveries
from ledger.queries.notices.condition import notice_condition, notice_counts
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from tests.integration.bookings import Teller
from tests.integration.budgets.books import set_budget
from tests.integration.notices.notice_book import (
    NOON,
    a_channel,
    a_token_budget,
    calls_of,
    crossed,
    deliveries,
    look,
    notices,
    spend,
)
from tests.servers.notice_targets import Mailbox, Webhook, a_webhook
from tests.servers.processes import free_port

SECOND = timedelta(seconds=1)


def test_thresholds_crossed_at_once_are_told_in_one_message(
    database: Database, deliverer: Deliverer, hook: Webhook
) -> None:
    a_channel(database, hook.url())
    crossed(database)
    for _ in range(3):
        deliverer.deliver(NOON)
    [message] = hook.taken
    assert message["title"] == "Budget Chat: 50 %, 80 % reached"
    assert message["type"] == "warning"
    assert message["message"].splitlines() == [
        "Budget: Chat (tenant acme)",
        "Used: 85 of 100 tokens (85 %)",
        "Reached: 50 %, 80 %",
        "Period: day, 2026-11-02 00:00 to 2026-11-03 00:00 UTC; ends in 12 hours",
        "Forecast: 170 tokens by the end of the period, if it goes on like this",
        "",
        "What happens now: nothing is held back, this budget only notifies.",
        "",
        "https://tollbook.example.com/?tenant=acme",
    ]
    assert [one.attempts for one in deliveries(database)] == [1, 1]
    assert all(one.closed_at for one in notices(database))


def test_thresholds_crossed_one_after_the_other_are_told_each(
    database: Database, deliverer: Deliverer, hook: Webhook
) -> None:
    a_channel(database, hook.url())
    crossed(database, 60)
    deliverer.deliver(NOON)
    spend(database, 50, NOON)
    look(database, NOON)
    deliverer.deliver(NOON)
    assert hook.titles == ["Budget Chat: 50 % reached", "Budget Chat: 80 %, 100 % reached"]
    assert hook.taken[1]["type"] == "failure"


def test_a_mail_says_the_same_to_all_who_are_named(
    database: Database, deliverer: Deliverer, mailbox: Mailbox
) -> None:
    a_channel(database, mailbox.url("finance@example.com", "ops@example.com"))
    crossed(database)
    deliverer.deliver(NOON)
    assert {one for each in mailbox.recipients for one in each} == {
        "finance@example.com",
        "ops@example.com",
    }
    assert mailbox.mails[0]["Subject"] == "Budget Chat: 50 %, 80 % reached"
    assert "Used: 85 of 100 tokens (85 %)" in mailbox.texts[0]


def test_what_was_not_taken_is_sent_again_until_it_is(
    database: Database, reader: Reader, deliverer: Deliverer, hook: Webhook
) -> None:
    a_channel(database, hook.url())
    hook.status = 503
    crossed(database)
    deliverer.deliver(NOON)
    deliverer.deliver(NOON + SECOND)
    assert hook.asked == 1
    [one, _] = deliveries(database)
    assert (one.delivered_at, one.failures) == (None, 1)
    assert "503" in one.last_error
    deliverer.deliver(NOON + 16 * SECOND)
    assert hook.asked == 2
    hook.status = 200
    deliverer.deliver(NOON + 60 * SECOND)
    deliverer.deliver(NOON + 600 * SECOND)
    assert (hook.asked, len(hook.taken)) == (3, 1)
    counts = notice_counts(reader)
    assert (counts.delivered, counts.failed, counts.given_up, counts.waiting) == (2, 4, 0, 0)


def test_a_target_that_was_down_gets_it_when_it_is_up(
    database: Database, reader: Reader, deliverer: Deliverer
) -> None:
    port = free_port()
    a_channel(database, f"json://127.0.0.1:{port}/")
    crossed(database)
    deliverer.deliver(NOON)
    assert notice_counts(reader).waiting == 2
    with a_webhook(port) as hook:
        deliverer.deliver(NOON + 30 * SECOND)
        assert hook.titles == ["Budget Chat: 50 %, 80 % reached"]


def test_a_channel_that_fails_or_hangs_holds_up_no_other(
    database: Database, deliverer: Deliverer, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.notices.delivering._PATIENCE_SECONDS", 1.0)
    a_channel(database, f"json://127.0.0.1:{free_port()}/", name="down")
    a_channel(database, hook.url(), name="up")
    crossed(database)
    deliverer.deliver(NOON)
    assert len(hook.taken) == 1
    assert [(one.channel, bool(one.delivered_at)) for one in deliveries(database)] == [
        ("down", False), ("up", True), ("down", False), ("up", True),
    ]  # fmt: skip
    # One of the two that hangs: the other one is told at once, and it is not asked twice meanwhile.
    hook.hangs_seconds = 3.0
    spend(database, 20, NOON)
    look(database, NOON)
    for _ in range(2):
        deliverer.deliver(NOON + SECOND)
    assert hook.asked == 2
    deliverer.close()
    assert len(hook.taken) == 2


def test_whoever_dies_while_sending_has_it_sent_again_later(
    database: Database, deliverer: Deliverer, hook: Webhook
) -> None:
    a_channel(database, hook.url())
    crossed(database)
    with database.transaction("tollbook_ingest") as connection:
        route_notices(connection, (), NOON)
        assert len(take_deliveries(connection, NOON)) == 2
    deliverer.deliver(NOON)
    assert hook.asked == 0
    deliverer.deliver(NOON + TAKEN_FOR)
    assert len(hook.taken) == 1


def test_two_that_take_at_once_do_not_take_the_same(database: Database, hook: Webhook) -> None:
    a_channel(database, hook.url())
    crossed(database)
    with database.transaction("tollbook_ingest") as connection:
        route_notices(connection, (), NOON)
    with (
        database.transaction("tollbook_ingest") as one,
        database.transaction("tollbook_ingest") as other,
    ):
        assert len(take_deliveries(one, NOON)) == 2
        one.commit()
        assert take_deliveries(other, NOON) == []


def test_it_is_given_up_after_days(
    database: Database, reader: Reader, deliverer: Deliverer, hook: Webhook
) -> None:
    a_channel(database, hook.url())
    hook.status = 500
    crossed(database)
    for hours in (0, 71, 73, 74):
        deliverer.deliver(NOON + timedelta(hours=hours))
    assert hook.asked == 3
    counts = notice_counts(reader)
    assert (counts.given_up, counts.waiting) == (2, 0)
    assert all(one.closed_at for one in notices(database))
    assert notice_condition(reader, NOON + timedelta(hours=80)).stuck[0].channel == "team"


def test_what_waits_for_a_channel_that_was_removed_is_given_up(
    database: Database, reader: Reader, deliverer: Deliverer, hook: Webhook
) -> None:
    channel = a_channel(database, hook.url())
    hook.status = 500
    crossed(database)
    deliverer.deliver(NOON)
    end_channel(reader, channel.channel_id)
    deliverer.deliver(NOON + 60 * SECOND)
    assert {one.last_error for one in deliveries(database)} == {"the channel was removed"}
    assert notice_counts(reader).given_up == 2


def test_many_values_of_a_budget_are_told_in_one_message(
    database: Database, deliverer: Deliverer, hook: Webhook
) -> None:
    a_channel(database, hook.url())
    set_budget(
        database,
        a_token_budget(
            name="Each", scope={"tenant": "acme", "user": "*"}, thresholds=(Decimal("0.8"),)
        ),
    )
    calls = [call for n in range(30) for call in calls_of([80 + n], NOON, user=f"u-{n}")]
    Teller(database).tell(calls)
    look(database, NOON)
    deliverer.deliver(NOON)
    assert hook.titles == ["Budget Each: 30 accounts reached thresholds"]
    lines = hook.bodies[0].splitlines()
    assert lines[2] == "user=u-29: 109 of 100 tokens (109 %); reached 80 %"
    assert "and 10 more" in lines


def test_a_secret_of_an_address_stands_in_no_error_and_no_log(
    database: Database, deliverer: Deliverer, hook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    hook.status = 500
    secret = "sEcReT-tOkEn-1234"
    a_channel(database, hook.url(secret), name="hook")
    a_channel(
        database, f"json://user:{secret}@127.0.0.1:{free_port()}/?%2BX-Key={secret}", name="down"
    )
    crossed(database)
    deliverer.deliver(NOON)
    deliverer.deliver(NOON + 60 * SECOND)
    errors = [one.last_error for one in deliveries(database)]
    assert all(errors)
    assert secret not in " ".join(errors)
    assert "127.0.0.1" in errors[0]
    assert "did not take a notice" in caplog.text
    assert secret not in caplog.text
