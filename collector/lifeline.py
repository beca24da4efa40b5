"""Children end when their parent does, even when it was killed.

The parent holds the other end of the child's standard input; when the parent is gone, however it
went, reading there ends.
"""

from __future__ import annotations

import os
import signal
import threading

OPTION = "--end-with-stdin"


def end_with_stdin() -> None:
    """Send this process SIGTERM once its standard input ends."""
    threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def _watch() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
