"""Serving with gunicorn, which looks after processes and signals.

The collector is an ASGI application: uvicorn reads requests in one event loop a process, so that
slow senders and idle connections hold no thread. The dashboards are WSGI, served by threads.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from uvicorn_worker import UvicornWorker

from collector.accepting import BalancedServer
from collector.connections import BoundedProtocol
from collector.health.board import Board, Gauges
from collector.lifeline import end_with_parent

_WORKERS = {"asgi": f"{__name__}.CollectorWorker", "wsgi": "gthread"}


class Application(Protocol):
    """An ASGI application that knows its process' line on the board."""

    gauges: Gauges

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Answer one request."""
        ...


class CollectorWorker(UvicornWorker):  # type: ignore[misc]
    """A process of the collector."""

    CONFIG_KWARGS = {  # noqa: RUF012 - the library's way to configure its worker
        "loop": "uvloop",
        "http": BoundedProtocol,
        "ws": "none",
        "lifespan": "off",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 20,
    }

    board: Board

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = BalancedServer(self.config, self.board, self.wsgi.gauges)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    def init_process(self) -> None:
        """Serve until told to stop, or until the parent is gone: it cannot tell when killed."""
        end_with_parent(self.ppid)
        super().init_process()


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, create_app: Callable[[], Any], options: dict[str, Any]) -> None:
        self._create_app = create_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._create_app()


def serve_collector(
    create_app: Callable[[], Application], board: Board, *, bind: str, processes: int
) -> None:
    """Serve the collector until SIGTERM or SIGINT; `create_app` runs once in each process."""
    CollectorWorker.board = board
    _serve(create_app, kind="asgi", bind=bind, workers=processes)


def serve_wsgi(create_app: Callable[[], Any], *, bind: str, threads: int) -> None:
    """Serve a WSGI application in one process until SIGTERM or SIGINT."""
    _serve(create_app, kind="wsgi", bind=bind, workers=1, threads=threads)


def _serve(create_app: Callable[[], Any], *, kind: str, **options: Any) -> None:
    settings = {
        **options,
        "worker_class": _WORKERS[kind],
        "timeout": 120,
        "graceful_timeout": 25,
        "keepalive": 75,
        "preload_app": False,
        "accesslog": None,
        "loglevel": "warning",
        "control_socket_disable": True,
    }
    _Server(create_app, settings).run()
