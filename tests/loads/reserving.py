"""Many clients that reserve, settle, release, let expire and book at random, under a hard limit."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from random import Random
from typing import Any, NamedTuple

import psycopg

from tests.servers.tills import Till, Told

LIMIT_USD = Decimal(100)
SHORT_TTL_SECONDS = 1.0
_USERS = 12
_FEATURES = ("search", "chat", "mail")
_OVERLAPPING: tuple[dict[str, Any], ...] = (
    {"name": "hard", "scope": {"tenant": "acme"}, "amount_usd": str(LIMIT_USD)},
    {"name": "search", "scope": {"tenant": "acme", "feature": "search"}, "amount_usd": "40"},
    {"name": "each user", "scope": {"tenant": "acme", "user": "*"}, "amount_usd": "12"},
    {"name": "each team", "scope": {"tenant": "acme", "tags.team": "*"}, "amount_usd": "70"},
    {"name": "everybody", "scope": {}, "amount_usd": "150"},
)
_MICRO_USD_PER_TOKEN = Decimal("0.15")
"""Of input, by the price list of the model that is used."""

_STANDING = """
    SELECT budgets.name, state.scope_key, budgets.amount_pico_usd,
        state.held_pico_usd + coalesce((
            SELECT sum(spent_pico_usd + provisional_pico_usd) FROM budget_sums AS sums
            WHERE sums.budget_id = state.budget_id AND sums.scope_key = state.scope_key), 0),
        state.held_pico_usd
    FROM budget_states AS state JOIN budgets USING (budget_id)
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many reservations, by how many clients."""

    reservations: int
    processes: int
    threads: int
    seed: int
    usual_usd: Decimal
    """Each is for up to twice as much."""


@dataclass
class Outcome:
    """What clients were answered, and what was seen of the budgets meanwhile."""

    statuses: Counter[int] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    over_hold: int = 0
    samples: int = 0
    overshot: list[tuple[str, str, Decimal]] = field(default_factory=list)
    highest_usd: Decimal = Decimal(0)
    """That was ever seen spent and held of the hard limit."""

    def add(self, other: Outcome) -> None:
        """Both together."""
        self.statuses += other.statuses
        self.done += other.done
        self.over_hold += other.over_hold


class Account(NamedTuple):
    """One account of a budget, in pico-dollars."""

    budget: str
    scope_key: str
    limit: Decimal
    used: Decimal
    held: Decimal


def set_overlapping_budgets(url: str) -> None:
    """The hard limit, and budgets whose scopes overlap with it and with each other."""
    till = Till(url)
    for budget in _OVERLAPPING:
        till.budget(**budget, fail="closed")
    till.close()


def run_at_random(plan: Plan, url: str, database_url: str) -> Outcome:
    """Run all clients; the budgets are looked at all the time."""
    outcome = Outcome()
    with _sampled(database_url, outcome):
        for one in _client_processes(plan, url):
            outcome.add(one)
    return outcome


def accounts(database_url: str) -> list[Account]:
    """How all accounts stand, at one moment."""
    with psycopg.connect(database_url) as connection:
        return [Account(*row) for row in connection.execute(_STANDING)]


def _client_processes(plan: Plan, url: str) -> Iterator[Outcome]:
    context = multiprocessing.get_context("spawn")
    started = []
    for number in range(plan.processes):
        ours, theirs = context.Pipe()
        process = context.Process(target=_clients, args=(theirs, plan, number, url), daemon=True)
        process.start()
        started.append((process, ours))
    for process, pipe in started:
        yield pipe.recv()
        process.join()


def _clients(pipe: Connection, plan: Plan, number: int, url: str) -> None:
    outcomes = [Outcome() for _ in range(plan.threads)]
    each = plan.reservations // (plan.processes * plan.threads)
    till = Till(url, connections=plan.threads)
    threads = [
        threading.Thread(
            target=_client,
            args=(till, Random(f"{plan.seed} {number} {place}"), each, plan.usual_usd, outcome),
        )
        for place, outcome in enumerate(outcomes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Outcome()
    for outcome in outcomes:
        whole.add(outcome)
    pipe.send(whole)


def _client(till: Till, random: Random, number: int, usual: Decimal, outcome: Outcome) -> None:
    for _ in range(number):
        amount = usual * random.randrange(1, 2_000) / 1_000
        fate = random.choices(
            ("settle", "book", "release", "expire", "settle twice"), (40, 20, 20, 12, 8)
        )[0]
        values = {
            "user": f"user {random.randrange(_USERS)}",
            "feature": random.choice(_FEATURES),
            "tags": {"team": random.choice(("red", "blue"))},
        }
        ttl = SHORT_TTL_SECONDS if fate == "expire" else 60.0
        told = till.reserve(str(amount), ttl_seconds=ttl, **values)
        outcome.statuses[told.status] += 1
        if told.status != 200 or not told.body["allowed"]:
            outcome.done["refused"] += 1
            continue
        outcome.done[fate] += 1
        # Never more than was reserved.
        actual = amount * random.randrange(1_001) / 1_000
        _end(till, outcome, fate, told.body["reservation_id"], actual, values)


def _end(
    till: Till, outcome: Outcome, fate: str, name: str, actual: Decimal, values: dict[str, Any]
) -> None:
    told: list[Told] = []
    if fate == "release":
        told = [till.release(name)]
    elif fate in ("settle", "settle twice"):
        told = [till.settle(name, str(actual)) for _ in range(2 if "twice" in fate else 1)]
    elif fate == "book":
        told = [
            till.settle(name, str(actual)),
            till.post("/v1/calls", **_record(name, actual, values)),
        ]
    for one in told:
        outcome.statuses[one.status] += 1
        outcome.over_hold += one.body.get("over_hold", False)


def _record(name: str, actual: Decimal, values: dict[str, Any]) -> dict[str, Any]:
    """A call that costs a little less than was settled for it."""
    tokens = int(actual * 10**6 / _MICRO_USD_PER_TOKEN)
    return {
        "tenant": "acme",
        "id": f"call of {name}",
        "started_at": datetime.now(UTC).isoformat(),
        "provider": "openai",
        "model": "gpt-4o-mini",
        "usage": {"input_tokens": tokens, "output_tokens": 0},
        "reservation_id": name,
        **values,
    }


@contextmanager
def _sampled(database_url: str, outcome: Outcome) -> Iterator[None]:
    """Look at all budgets, each time at one moment, while the block runs."""
    stopping = threading.Event()

    def look() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            while not stopping.is_set():
                for row in connection.execute(_STANDING).fetchall():
                    account = Account(*row)
                    _note(outcome, account)
                outcome.samples += 1
                time.sleep(0.005)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _note(outcome: Outcome, account: Account) -> None:
    if account.used > account.limit:
        outcome.overshot.append((account.budget, account.scope_key, account.used))
    if account.budget == "hard":
        outcome.highest_usd = max(outcome.highest_usd, account.used / 10**12)
