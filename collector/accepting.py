"""Accepting connections in turn: the process with the fewest takes the next one.

All processes listen on one socket, and whoever wakes first would take what comes, so that a few
busy senders could all end up with one process while the others idle.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server

_SLOT = struct.Struct("qq")
_SLOTS = 256
_PAUSE_SECONDS = 0.003
_MOST_PAUSES = 5


class ConnectionBoard:
    """How many connections each process has; made before the processes are forked."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT.size)

    def note(self, slot: int, connections: int) -> None:
        """Write down how many connections this process has."""
        _SLOT.pack_into(self._memory, slot % _SLOTS * _SLOT.size, os.getpid(), connections)

    def fewest_elsewhere(self, slot: int) -> int | None:
        """The fewest connections of another living process; None when there is no other."""
        ours = slot % _SLOTS
        counts = [
            connections
            for number, (pid, connections) in enumerate(_SLOT.iter_unpack(self._memory[:]))
            if pid and number != ours and _is_alive(pid)
        ]
        return min(counts, default=None)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Acceptor:
    """Takes connections from a listening socket, letting emptier processes go first."""

    def __init__(
        self,
        listener: Any,
        make_protocol: Callable[[], asyncio.Protocol],
        count: Callable[[], int],
        board: ConnectionBoard,
        slot: int,
    ) -> None:
        self._listener = listener
        self._make_protocol = make_protocol
        self._count = count
        self._board = board
        self._slot = slot
        self._pauses = 0
        self._is_closed = False
        self._opening: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.get_running_loop()
        listener.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Take no more connections."""
        self._is_closed = True
        self._loop.remove_reader(self._listener.fileno())

    async def wait_closed(self) -> None:
        """Nothing is left to wait for; uvicorn asks it of every server."""

    def _listen(self) -> None:
        # Not after a pause that the end came into: the socket is closed then.
        if not self._is_closed:
            self._loop.add_reader(self._listener.fileno(), self._ready)

    def _ready(self) -> None:
        mine = self._count() + len(self._opening)
        self._board.note(self._slot, mine)
        fewest = self._board.fewest_elsewhere(self._slot)
        if fewest is not None and mine > fewest and self._pauses < _MOST_PAUSES:
            # An emptier process takes it meanwhile, unless it hangs.
            self._pauses += 1
            self._loop.remove_reader(self._listener.fileno())
            self._loop.call_later(_PAUSE_SECONDS, self._listen)
            return
        self._pauses = 0
        self._accept()

    def _accept(self) -> None:
        # Another process may have been quicker, the peer gone, or all descriptors in use.
        with suppress(OSError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            opening = self._loop.create_task(
                self._loop.connect_accepted_socket(self._make_protocol, connection)
            )
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)


class BalancedServer(Server):
    """uvicorn's server with connections shared out evenly among the processes."""

    def __init__(self, config: Config, board: ConnectionBoard, slot: int) -> None:
        super().__init__(config)
        self._board = board
        self._slot = slot

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Start as usual, but accept connections in turn."""
        await super().startup(sockets=[])
        self._board.note(self._slot, 0)
        self.servers = [
            _Acceptor(listener, self._protocol, self._connections, self._board, self._slot)  # type: ignore[misc]  # has what is asked of a server
            for listener in sockets or ()
        ]

    async def on_tick(self, counter: int) -> bool:
        """Also note how many connections are open."""
        self._board.note(self._slot, self._connections())
        return await super().on_tick(counter)

    def _connections(self) -> int:
        return len(self.server_state.connections)

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
