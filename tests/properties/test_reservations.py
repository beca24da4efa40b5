"""Reservations made, settled, released, expired and booked in any order: as the plain reference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from collector.admission.desk import Desk
from collector.admission.unverified import Unverified
from ledger.commands.reservations.upkeep import sweep_expired
from ledger.domain.calls import Call
from ledger.domain.reservations.commands import Command, Release, Reserve, Settle
from ledger.domain.reservations.names import new_name
from ledger.domain.reservations.refusals import Refusal
from ledger.domain.reservations.reservation import Amount, Reservation
from ledger.domain.usage import Usage
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.integration.budgets.books import set_budget
from tests.loads.till_books import off_by
from tests.properties.plain_till import PlainTill
from tests.servers.databases import TestServer

_numbers = count()
_CENT = 10**10
_A_TOKEN_PICO_USD = 150_000
_TTL = timedelta(minutes=10)
_TIME_UP = text("UPDATE reservations SET expires_at = now() WHERE reservation_id = :name")
_STATES = text("SELECT reservation_id, state FROM reservations WHERE tenant = :tenant")
_USED = text("""
    SELECT name, scope_key, coalesce(held_pico_usd, 0), coalesce((
        SELECT sum(spent_pico_usd + provisional_pico_usd) FROM budget_sums AS sums
        WHERE sums.budget_id = states.budget_id AND sums.scope_key = states.scope_key), 0)
    FROM budget_states AS states JOIN budgets USING (budget_id) WHERE budgets.tenant = :tenant
""")


class _Step(NamedTuple):
    what: str
    which: int
    cents: int
    feature: str
    user: str


_steps = st.builds(
    _Step,
    what=st.sampled_from(
        ["reserve", "reserve", "reserve", "settle", "release", "time", "sweep", "book"]
    ),
    which=st.integers(0, 30),
    cents=st.integers(0, 45),
    feature=st.sampled_from(["search", "chat"]),
    user=st.sampled_from(["ada", "grace"]),
)


@pytest.fixture(scope="module")
def url(server: TestServer) -> Iterator[str]:
    with server.fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def ledger(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.fixture(scope="module")
def desk(ledger: Database, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(ledger, Unverified(Path(tmp_path_factory.mktemp("admissions")), 0))


class _Both:
    """The real thing and the plain one, asked the same."""

    def __init__(self, ledger: Database, desk: Desk) -> None:
        self.tenant = f"tenant-{next(_numbers)}"
        self._ledger, self._desk = ledger, desk
        self._teller = Teller(ledger)
        self._calls: dict[UUID, Call] = {}
        limits = {"all": 100, "search": 60}
        for name, scope in (
            ("all", {}),
            ("search", {"feature": "search"}),
            ("user", {"user": "*"}),
        ):
            budget = a_budget(
                name=name,
                scope={"tenant": self.tenant, **scope},
                amount_pico_usd=limits.get(name, 55) * _CENT,
                filled_at=datetime.now(UTC),
            )
            set_budget(ledger, budget, filled=False)
        self.plain = PlainTill(
            {
                "all []": 100 * _CENT,
                "search []": 60 * _CENT,
                'user ["ada"]': 55 * _CENT,
                'user ["grace"]': 55 * _CENT,
            }
        )

    def take(self, steps: list[_Step]) -> None:
        """Ask all that can be asked of the desk together, and book or wait in between."""
        asked: list[tuple[_Step, Command]] = []
        for step in steps:
            command = self._command(step)
            if command is not None:
                asked.append((step, command))
                continue
            self._decide(asked)
            asked = []
            self._happen(step)
        self._decide(asked)

    def _decide(self, asked: list[tuple[_Step, Command]]) -> None:
        answers = [self._desk.ask(command) for _, command in asked]
        for (step, command), answer in zip(asked, answers, strict=True):
            self._compare(step, command, answer.result(20))

    def _compare(self, step: _Step, command: Command, answer: Any) -> None:
        if isinstance(command, Reserve):
            accounts = ["all []", f'user ["{step.user}"]']
            accounts += ["search []"] if step.feature == "search" else []
            amount = step.cents * _CENT
            no_room = self.plain.reserve(command.reservation_id, amount, accounts)
            assert isinstance(answer, Refusal if no_room else Reservation), (no_room, answer)
            return
        name = command.reservation_id
        assert isinstance(answer, Reservation)
        if isinstance(command, Settle):
            self.plain.settle(name, step.cents * _CENT)
        else:
            self.plain.release(name)
        self._states_agree(name, answer.state)

    def _command(self, step: _Step) -> Command | None:
        if step.what == "reserve":
            call = a_call(tenant=self.tenant, feature=step.feature, user=step.user)
            name = new_name()
            self._calls[name] = call
            return Reserve(
                reservation_id=name,
                call=call,
                amount=Amount(step.cents * _CENT, 0),
                ttl=_TTL,
                dimensions={},
            )
        name_ = self._pick(step)
        if name_ is None or step.what not in ("settle", "release"):
            return None
        spent = Amount(step.cents * _CENT, 0)
        return Settle(name_, spent) if step.what == "settle" else Release(name_)

    def _pick(self, step: _Step) -> UUID | None:
        names = list(self.plain.reservations)
        return names[step.which % len(names)] if names else None

    def _happen(self, step: _Step) -> None:
        name = self._pick(step)
        if step.what == "sweep":
            sweep_expired(self._ledger)
            self.plain.sweep()
        elif name is not None and step.what == "time":
            with self._ledger.transaction("tollbook_ingest") as connection:
                connection.execute(_TIME_UP, {"name": name})
            self.plain.let_time_pass(name)
        elif name is not None and step.what == "book":
            tokens = step.cents * 1_000
            call = a_call(
                tenant=self.tenant,
                started_at=datetime.now(UTC),
                feature=self._calls[name].feature,
                user=self._calls[name].user,
                usage=Usage(input_tokens=tokens, output_tokens=0),
                reservation_id=str(name),
            )
            self._teller.tell([call])
            self.plain.book(name, tokens * _A_TOKEN_PICO_USD)

    def _states_agree(self, name: UUID, state: str) -> None:
        plain = self.plain.reservations[name]
        # One whose time is up may have been given back before it was released.
        may_be = {plain.state, "expired"} if plain.is_time_up else {plain.state}
        assert state in may_be if plain.state in ("held", "released") else state == plain.state

    def assert_agree(self) -> None:
        """In the end everything is the same in both."""
        sweep_expired(self._ledger)
        self.plain.sweep()
        with self._ledger.transaction("tollbook_ingest") as connection:
            found = connection.execute(_STATES, {"tenant": self.tenant}).all()
            states = {row.reservation_id: row.state for row in found}
            rows = connection.execute(_USED, {"tenant": self.tenant}).all()
        assert states.keys() == self.plain.reservations.keys()
        for name, state in states.items():
            self._states_agree(name, state)
        for budget, key, held, used in rows:
            account = f"{budget} {key}"
            assert (int(held), int(used)) == (self.plain.held(account), self.plain.used(account))


@settings(max_examples=25)
@given(st.lists(_steps, min_size=4, max_size=40))
def test_reservations_do_what_the_plain_reference_does(
    ledger: Database, desk: Desk, url: str, steps: list[_Step]
) -> None:
    both = _Both(ledger, desk)
    both.take(steps)
    both.assert_agree()
    assert off_by(url) == []
