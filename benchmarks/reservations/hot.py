"""One hot budget: so many threads of one process ask its desk, as a process' event loop would."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.reservations.ledgers import set_budgets, tenant
from benchmarks.reservations.timing import Timed, timed
from collector.admission.desk import Desk
from collector.admission.unverified import Unverified
from ledger.domain.reservations.commands import Reserve
from ledger.domain.reservations.names import new_name
from ledger.domain.reservations.reservation import Amount, Reservation
from ledger.storage.database import Database
from tests.factories.calls import a_call

_AMOUNT = Amount(1_000_000, 10)
_TTL = timedelta(minutes=10)


def measure_hot_budget(url: str, clients: int, seconds: float) -> Timed:
    """Reservations of one budget, each committed before it is answered."""
    set_budgets(url, 1)
    database = Database(url, max_connections=2)
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(database, Unverified(Path(directory), 0))
        desk.start()
        try:
            return timed([_client(desk) for _ in range(clients)], seconds)
        finally:
            desk.stop()
            database.close()


def _client(desk: Desk) -> Callable[[float, list[float]], None]:
    call = a_call(tenant=tenant(0))

    def run(until: float, took: list[float]) -> None:
        while (began := time.monotonic()) < until:
            command = Reserve(
                reservation_id=new_name(), call=call, amount=_AMOUNT, ttl=_TTL, dimensions={}
            )
            answer = desk.ask(command).result()
            if not isinstance(answer, Reservation):
                raise TypeError(f"not reserved: {answer}")
            took.append(time.monotonic() - began)

    return run
