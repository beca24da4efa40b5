"""Aliases and prices for the event loop, which must never wait for Postgres."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ledger.domain.calls import Call
from ledger.domain.errors import LedgerUnavailable
from ledger.pricing.aliases import Aliases

log = logging.getLogger(__name__)

_REFRESH_SECONDS = 1.0
_FIRST_SECONDS = 0.5
_MOST_PRICING_SECONDS = 0.4
_PRICING_THREADS = 2

Price = Callable[[Call], int | None]
"""Pico-dollars that a call will cost; None where that cannot be said. May wait for Postgres."""


class FreshAliases:
    """Aliases that a thread of their own keeps up to date."""

    def __init__(self, current: Callable[[], Aliases]) -> None:
        self._current = current
        self._aliases: Aliases | None = None
        self._has_looked = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to keep them up to date; until then whoever asks waits for them."""
        self._thread = threading.Thread(target=self._run, name="aliases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Keep them as they are."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10.0)

    def resolve(self, call: Call) -> Call:
        """The call under the names it will be booked by. Raises LedgerUnavailable at first only."""
        if self._thread is None:
            return self._current().resolve(call)
        if self._aliases is None:
            # A process that has just begun: what it would be asked for would be a guess.
            self._has_looked.wait(_FIRST_SECONDS)
        aliases = self._aliases
        if aliases is None:
            raise LedgerUnavailable("the other names of models were not read yet")
        return aliases.resolve(call)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._aliases = self._current()
            except LedgerUnavailable:
                pass
            except Exception:
                log.exception("the other names of models could not be read")
            self._has_looked.set()
            self._stopping.wait(_REFRESH_SECONDS)


class Pricing:
    """Prices asked for in threads, and only waited for as long as an answer allows."""

    def __init__(self, price: Price) -> None:
        self._price = price
        self._threads = ThreadPoolExecutor(_PRICING_THREADS, thread_name_prefix="pricing")

    async def price(self, call: Call) -> int | None:
        """Pico-dollars that a call will cost; None where that cannot be said, or not in time."""
        asked = asyncio.get_running_loop().run_in_executor(self._threads, self._priced, call)
        try:
            async with asyncio.timeout(_MOST_PRICING_SECONDS):
                return await asked
        except TimeoutError:
            return None

    def _priced(self, call: Call) -> int | None:
        try:
            return self._price(call)
        except LedgerUnavailable:
            return None
