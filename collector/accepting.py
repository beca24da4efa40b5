"""Accepting connections in turn: the process with the fewest takes the next one.

All processes listen on one socket, and whoever wakes first would take what comes, so that a few
busy senders could all end up with one process while the others idle.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

from collector.health.board import Board, Gauges

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.003
_MOST_PAUSES = 5
_REST_SECONDS = 0.5
_SILENCE_SECONDS = 60.0
_USED_UP = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""What accepting fails with until something else is given back."""


class _Acceptor:
    """Takes connections from a listening socket, letting emptier processes go first."""

    def __init__(
        self,
        listener: Any,
        make_protocol: Callable[[], asyncio.Protocol],
        count: Callable[[], int],
        board: Board,
        gauges: Gauges,
    ) -> None:
        self._listener = listener
        self._make_protocol = make_protocol
        self._count = count
        self._board = board
        self._gauges = gauges
        self._pauses = 0
        self._is_closed = False
        self._silent_until = 0.0
        self._opening: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.get_running_loop()
        listener.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Take no more connections."""
        self._is_closed = True
        self._loop.remove_reader(self._listener.fileno())

    async def wait_closed(self) -> None:
        """Nothing of it goes on once it is closed."""

    def _listen(self) -> None:
        # Not after a pause that the end came into: the socket is closed then.
        if not self._is_closed:
            self._loop.add_reader(self._listener.fileno(), self._ready)

    def _ready(self) -> None:
        mine = self._count() + len(self._opening)
        self._gauges.note_connections(mine)
        fewest = self._board.fewest_connections_elsewhere()
        if fewest is not None and mine > fewest and self._pauses < _MOST_PAUSES:
            # An emptier process takes it meanwhile, unless it hangs.
            self._pauses += 1
            self._loop.remove_reader(self._listener.fileno())
            self._loop.call_later(_PAUSE_SECONDS, self._listen)
            return
        self._pauses = 0
        self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            # Else another process was quicker, or the peer is gone.
            if error.errno in _USED_UP:
                self._rest(error)
            return
        connection.setblocking(False)
        opening = self._loop.create_task(
            self._loop.connect_accepted_socket(self._make_protocol, connection)
        )
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    def _rest(self, error: OSError) -> None:
        """Look away for a while: the socket stays readable, and looking would never end."""
        self._loop.remove_reader(self._listener.fileno())
        self._loop.call_later(_REST_SECONDS, self._listen)
        if self._loop.time() >= self._silent_until:
            self._silent_until = self._loop.time() + _SILENCE_SECONDS
            log.error(
                "connections wait that cannot be taken: %s; this process has %d; raise its limit of"
                " open files (ulimit -n, LimitNOFILE)",
                error.strerror,
                self._count(),
            )


class BalancedServer(Server):
    """uvicorn's server with connections shared out evenly among the processes."""

    def __init__(self, config: Config, board: Board, gauges: Gauges) -> None:
        super().__init__(config)
        self._board = board
        self._gauges = gauges

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Start as usual, but accept connections in turn."""
        await super().startup(sockets=[])
        self.servers = [
            _Acceptor(listener, self._protocol, self._connections, self._board, self._gauges)  # type: ignore[misc]  # all that is asked of one is to close
            for listener in sockets or ()
        ]

    async def on_tick(self, counter: int) -> bool:
        """Also note how many connections are open."""
        self._gauges.note_connections(self._connections())
        return await super().on_tick(counter)

    def _connections(self) -> int:
        return len(self.server_state.connections)

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
