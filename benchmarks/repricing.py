"""`python -m benchmarks.repricing`: how long it takes to price a million booked calls anew."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from benchmarks.load.calls import LoadCall, Mix, call_at
from benchmarks.measuring.books import check_books
from benchmarks.measuring.process_usage import usage_of
from benchmarks.measuring.server import Server, postgres
from benchmarks.report.files import RESULTS, keep
from benchmarks.report.machine import surroundings
from collector.api.revisions.repricings import shown
from collector.jobs.repricing import prices_known, reprice_a_page
from exporters.postgres.batches import Batch
from exporters.postgres.booking import Booker
from exporters.postgres.pricer import Pricer
from exporters.postgres.revisions.repricer import CALLS_A_PAGE, Repricer
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.prices import add_price
from ledger.commands.repricings import request_repricing
from ledger.domain.calls import Call, PricedCall
from ledger.domain.revisions.repricing import Repricing, Wanted
from ledger.domain.usage import Usage
from ledger.pricing.forms import PriceForm
from ledger.queries.reader import Reader
from ledger.queries.revisions.repricings import repricing_of
from ledger.storage.database import Database

_CALLS_A_COMMIT = 4096
_DAYS = 10


class Round(NamedTuple):
    """One re-pricing of all calls."""

    name: str
    done: Repricing
    seconds: float
    cpu_seconds: tuple[float, float]
    """Of this process, and of Postgres."""
    longest_page_seconds: float
    rss_mib: float
    """The most memory this process ever took."""


def main() -> None:
    """Book calls, price them anew, print what it took, keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repricing", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--keep", action="store_true", help="in benchmarks/results")
    options = parser.parse_args()
    with postgres() as server, server.fresh_ledger() as url:
        about = surroundings(server.version)
        print("\n".join(about.lines()), flush=True)
        rounds = measure(server, url, options.calls)
    if options.keep:
        text = "# Re-pricing\n\n{}\n\n{}\n".format(
            "  \n".join(about.lines()), "\n".join(f"- {_line(one)}" for one in rounds)
        )
        figures = [{**one._asdict(), "done": shown(one.done)} for one in rounds]
        figures = msgspec.to_builtins(figures)
        page = keep(RESULTS, about.measured_at, "repricing", text=text, figures=figures)
        print(f"kept in {page}")


def measure(server: Server, url: str, calls: int) -> list[Round]:
    """Price the calls of a fresh ledger anew, in several ways."""
    mix = Mix(start_unix_seconds=int(time.time()) - _DAYS * 86_400, spread_seconds=_DAYS * 86_400)
    database = Database(url)
    begun = time.monotonic()
    book(database, mix, calls)
    print(f"booked {calls:,} calls in {time.monotonic() - begun:.1f} s", flush=True)
    print(f"{CALLS_A_PAGE:,} calls a page; {_DAYS} days, {mix.tenants} tenants\n")
    before = datetime.now(UTC)
    double_prices(database)
    rounds = []
    for name, known_at, dry_run in (
        ("nothing changes", before, False),
        ("all change, dry run", None, True),
        ("all change", None, False),
        ("all change back", before, False),
    ):
        rounds.append(reprice(server, database, name, known_at, dry_run=dry_run))
        print(_line(rounds[-1]), flush=True)
        check_books(url, calls)
    database.close()
    return rounds


def book(database: Database, mix: Mix, number: int) -> None:
    """Book the first calls of a mix as the collector does, without its HTTP."""
    pricer = Pricer(database)
    booker = Booker(database, price=pricer.price, default_time_zone="UTC")
    for start in range(0, number, _CALLS_A_COMMIT):
        calls = [
            _call(call_at(mix, place))
            for place in range(start, min(number, start + _CALLS_A_COMMIT))
        ]
        costs = pricer.price_all(calls)
        priced = [PricedCall(call, cost) for call, cost in zip(calls, costs, strict=True)]
        booker.book([booker.prepare(Batch(receiver="calls", calls=priced))])


def double_prices(database: Database) -> None:
    """Let every provider of the mix charge twice its list price."""
    reader = Reader(database, LOCAL_OPERATOR)
    for provider in ("openai", "anthropic", "gcp.gemini"):
        form = PriceForm(
            tenant="*",
            provider=provider,
            model="*",
            factor=Decimal(2),
            valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        )
        add_price(reader, form)


def reprice(
    server: Server, database: Database, name: str, known_at: datetime | None, *, dry_run: bool
) -> Round:
    """Have everything priced anew and work through it."""
    repricer = Repricer(prices_known(database), rest=timedelta(0))
    reader = Reader(database, LOCAL_OPERATOR)
    now = datetime.now(UTC)
    wanted = Wanted(
        start=now - timedelta(days=40), end=now, reason=name, dry_run=dry_run, known_at=known_at
    )
    number = request_repricing(reader, wanted, now)
    begun, (here, there) = time.monotonic(), _cpu_seconds(server)
    longest = max(_pages(database, repricer))
    seconds, (here_now, there_now) = time.monotonic() - begun, _cpu_seconds(server)
    return Round(
        name=name,
        done=repricing_of(reader, number),
        seconds=seconds,
        cpu_seconds=(here_now - here, there_now - there),
        longest_page_seconds=longest,
        rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _pages(database: Database, repricer: Repricer) -> Iterator[float]:
    begun = time.monotonic()
    while reprice_a_page(database, repricer) is not None:
        yield time.monotonic() - begun
        begun = time.monotonic()


def _call(load: LoadCall) -> Call:
    fields: dict[str, Any] = {"error_type": "timeout", "status": "error"} if load.failed else {}
    return Call(
        tenant=load.tenant,
        id=load.call_id,
        started_at=datetime.fromtimestamp(load.started_unix_micros / 1e6, UTC),
        provider=load.provider,
        model=load.model,
        feature=load.feature,
        user=load.user,
        session=load.session,
        response_id=load.response_id,
        duration_seconds=load.duration_micros / 1e6,
        usage=Usage(
            input_tokens=load.input_tokens - load.cache_read_tokens,
            cache_read_tokens=load.cache_read_tokens,
            output_tokens=load.output_tokens,
        ),
        **fields,
    )


def _cpu_seconds(server: Server) -> tuple[float, float]:
    """So far, of this process and of Postgres."""
    return time.process_time(), usage_of(server.postmaster).cpu_seconds


def _line(one: Round) -> str:
    here, there = one.cpu_seconds
    rate = one.done.calls_seen / one.seconds
    return (
        f"{one.name}: {one.done.calls_seen:,} calls, {one.done.calls_changed:,} changed,"
        f" {one.seconds:.1f} s ({rate:,.0f}/s; CPU {here:.1f} s here, {there:.1f} s in Postgres),"
        f" longest page {one.longest_page_seconds:.2f} s,"
        f" at most {one.rss_mib:.0f} MiB"
    )


if __name__ == "__main__":
    main()
