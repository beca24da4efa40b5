"""Serving a WSGI application with gunicorn, which looks after processes, threads and signals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication


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


def serve(create_app: Callable[[], Any], *, bind: str, processes: int, threads: int) -> None:
    """Serve until SIGTERM or SIGINT; `create_app` runs once in each process."""
    options = {
        "bind": bind,
        "workers": processes,
        "worker_class": "gthread",
        "threads": threads,
        "timeout": 120,
        "graceful_timeout": 20,
        "keepalive": 75,
        "preload_app": False,
        "accesslog": None,
        "loglevel": "warning",
        "control_socket_disable": True,
    }
    _Server(create_app, options).run()
