"""Children end when their parent does, even when it was killed.

Where the parent holds the other end of the child's standard input, reading there ends when the
parent is gone, however it went. Processes that were forked share that input with their parent;
they look after whose children they are.
"""

from __future__ import annotations

import os
import signal
import threading
import time

OPTION = "--end-with-stdin"
_LOOK_SECONDS = 0.5


def end_with_stdin() -> None:
    """Send this process SIGTERM once its standard input ends."""
    threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def end_with_parent(parent: int) -> None:
    """Send this process SIGTERM once it is no longer a child of this process."""
    threading.Thread(target=_look, args=(parent,), name="lifeline", daemon=True).start()


def _look(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _watch() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
