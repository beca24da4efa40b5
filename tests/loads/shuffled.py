"""The same calls once in peace, and three times in disorder over two receivers and four workers."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from benchmarks.load.calls import Mix
from tests.loads.books import Books, read_books
from tests.loads.digests import Digest, digests
from tests.loads.retrying import Errand, Told, run_errand, sending
from tests.servers.collectors import collecting

_START_UNIX_SECONDS = 1_793_600_000
_FORMS = ("otlp", "ndjson")
_SHOWN_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class ShuffledPlan:
    """How many calls; each is sent as a span, as JSON, and once more as either."""

    calls: int
    senders: int
    workers: int
    seed: int
    most_seconds: float


class Loaded(NamedTuple):
    """A ledger after a load."""

    told: list[Told]
    digests: dict[str, Digest]
    books: Books


def load_quietly(database_url: str, plan: ShuffledPlan) -> Loaded:
    """Every call once, in order, from one sender to one worker."""
    mix = Mix(start_unix_seconds=_START_UNIX_SECONDS, seed=plan.seed)
    with collecting(database_url, ingest_workers="1") as collector:
        errand = Errand(
            url=collector.url,
            form="ndjson",
            mix=mix,
            numbers=range(plan.calls),
            calls_a_request=1000,
            give_up_seconds=plan.most_seconds,
        )
        told = [run_errand(errand)]
        books = _books_once_shown(database_url, collector.url)
    return Loaded(told, digests(database_url), books)


def load_shuffled(database_url: str, plan: ShuffledPlan) -> Loaded:
    """Every call three times, in random order, from all senders at once."""
    mix = Mix(start_unix_seconds=_START_UNIX_SECONDS, seed=plan.seed)
    with collecting(database_url, ingest_workers=str(plan.workers)) as collector:
        errands = [
            Errand(
                url=collector.url,
                form=_FORMS[sender % 2],
                mix=mix,
                numbers=numbers,
                calls_a_request=512,
                give_up_seconds=plan.most_seconds,
            )
            for sender, numbers in enumerate(_dealt_out(plan))
        ]
        with sending(errands) as senders:
            told = senders.get(plan.most_seconds)
        books = _books_once_shown(database_url, collector.url)
    return Loaded(told, digests(database_url), books)


def _dealt_out(plan: ShuffledPlan) -> Sequence[array[int]]:
    """Which calls each sender sends, in its order: senders take turns in form."""
    random = Random(plan.seed)
    hands = [array("L") for _ in range(plan.senders)]
    for number in range(plan.calls):
        hands[random.randrange(0, plan.senders, 2)].append(number)
        hands[random.randrange(1, plan.senders, 2)].append(number)
        hands[random.randrange(plan.senders)].append(number)
    for hand in hands:
        random.shuffle(hand)
    return hands


def _books_once_shown(database_url: str, url: str) -> Books:
    """The books as soon as /metrics shows what is booked: a short while may pass."""
    deadline = time.monotonic() + _SHOWN_SECONDS
    while True:
        books = read_books(database_url, url)
        if books.metrics == books.ledger or time.monotonic() > deadline:
            return books
        time.sleep(0.5)
