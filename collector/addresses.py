"""Addresses to listen on: making sure they are free before anything is started."""

from __future__ import annotations

import socket
import time

from ledger.domain.errors import InvalidSetting

_PATIENCE_SECONDS = 15.0


def split_bind(bind: str) -> tuple[str, int]:
    """Host and port of an ADDRESS:PORT."""
    host, _, port = bind.rpartition(":")
    return host.strip("[]"), int(port)


def wait_until_free(setting: str, bind: str) -> None:
    """Return once nobody listens there: the parts of a killed Tollbook take a moment to end.

    Raises InvalidSetting naming the setting when somebody keeps listening.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _is_taken(bind):
        if time.monotonic() > deadline:
            raise InvalidSetting(
                f"{bind} is in use, perhaps by another Tollbook; end it, or choose another"
                f" address with {setting}"
            )
        time.sleep(0.2)


def _is_taken(bind: str) -> bool:
    try:
        with socket.create_connection(split_bind(bind), timeout=1):
            return True
    except OSError:
        return False
