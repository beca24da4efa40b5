"""What the ledger remembers of the logs of this machine, and what it need not remember any more."""

from __future__ import annotations

import os
import time
from pathlib import Path

from collector.tail.contents import Content, Contents
from collector.tail.handover import Handover
from collector.tail.watching import Watch
from ledger.access.principals import LOCAL_OPERATOR
from ledger.domain.errors import InvalidSetting
from ledger.queries.health import schema_is_current
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from ledger.storage.marks import forget_marks, marks_of

_FORGET_AFTER_NS = 30 * 86_400 * 10**9

_MACHINE_ID = Path("/etc/machine-id")


def host_name() -> str:
    """What tells this machine from others and stays: its machine id, else its network name."""
    try:
        machine_id = _MACHINE_ID.read_text().strip()
    except (OSError, UnicodeDecodeError):
        machine_id = ""
    return machine_id if machine_id.isalnum() and len(machine_id) == 32 else os.uname().nodename


def check_schema(handover: Handover, database: Database) -> None:
    """Raise InvalidSetting when the ledger's schema is another version's, Stopped when told to."""
    if not handover.patiently(lambda: schema_is_current(Reader(database, LOCAL_OPERATOR))):
        raise InvalidSetting("the ledger has another version's schema; run `tollbook migrate`")


def load_contents(handover: Handover, database: Database, host: str) -> Contents:
    """Everything that was read on this host before. Raises Stopped."""
    contents = Contents(host)
    contents.load(handover.patiently(lambda: marks_of(database, contents.prefix)))
    return contents


class Memory:
    """Forgets contents once a day: those of which no file is left."""

    def __init__(self, watch: Watch, contents: Contents, database: Database) -> None:
        self._watch = watch
        self._contents = contents
        self._database = database
        self._day: float | None = None

    def tidy(self, handover: Handover) -> None:
        """Forget what is gone, if that was not done today. Raises Stopped."""
        today = time.time() // 86_400
        if self._day == today:
            return
        self._day = today
        in_sight = self._watch.sources_in_sight()
        before = time.time_ns() - _FORGET_AFTER_NS
        gone = [
            content.source
            for content in self._contents.all()
            if content.source not in in_sight
            and content.modified_ns < before
            and self._was_here(content)
        ]
        handover.patiently(lambda: forget_marks(self._database, gone))
        self._contents.forget(gone)

    def _was_here(self, content: Content) -> bool:
        """Whether its file would be in sight if it was still there."""
        path = Path(content.path)
        return content.family in self._watch.families or (
            path.parent.is_dir()
            and path.parent in {Path(family).parent for family in self._watch.families}
            and not os.path.lexists(path)
        )
