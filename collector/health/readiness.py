"""Whether calls that come in now can be made durable."""

from __future__ import annotations

import shutil

import msgspec
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from collector.health.board import Queues
from collector.spool.spool import Spool
from ledger.domain.errors import LedgerUnavailable, SpoolUnusable
from ledger.queries.health import schema_is_current, takes_writes
from ledger.queries.reader import Reader
from ledger.storage.database import first_line
from ledger.storage.deadlines.deadlines import within

_READ_ONLY = (
    "Postgres takes no writes: it is a standby, or read-only by its settings; point"
    " TOLLBOOK_DATABASE_URL at the primary"
)
_MOST_STUCK_SECONDS = 120.0
_MOST_SECONDS = 2.0
"""Those who ask, load balancers and orchestrators, do not wait for long."""
_LEAST_ROOM_BYTES = 2**16
"""Room for some requests of a usual size; one that is larger is refused by itself."""


class Readiness(msgspec.Struct, frozen=True):
    """Whether, and why or why not together with what to do."""

    is_ready: bool
    text: str


def readiness(reader: Reader, spool: Spool, queues: Queues) -> Readiness:
    """Look at the writers, the ledger and, while Postgres is away, at the spool."""
    if queues.stuck_seconds > _MOST_STUCK_SECONDS:
        return Readiness(
            False,
            f"calls wait and none has been booked for {queues.stuck_seconds:.0f} s; see the"
            " collector's log and what Postgres waits for (pg_stat_activity), then restart the"
            " collector: its senders send again what it had not acknowledged",
        )
    try:
        with within(_MOST_SECONDS):
            return _of_ledger(reader, spool)
    except LedgerUnavailable as error:
        return _of_spool(spool, "is away", str(error))
    except (SQLAlchemyError, psycopg.Error) as error:
        return Readiness(False, f"{first_line(error)}; run tollbook migrate")


def _of_ledger(reader: Reader, spool: Spool) -> Readiness:
    if not schema_is_current(reader):
        return Readiness(
            False, "the database does not have this version's schema; run tollbook migrate"
        )
    if not takes_writes(reader):
        return _of_spool(spool, "takes no writes", _READ_ONLY)
    return Readiness(True, "ready")


def _of_spool(spool: Spool, state: str, why: str) -> Readiness:
    if not spool.max_bytes:
        return Readiness(
            False, f"{why}; there is no spool (TOLLBOOK_SPOOL_MAX_BYTES=0), so calls are refused"
        )
    try:
        # Also makes sure that the directory can be made and written to.
        spool.identity()
        taken = spool.usage().bytes
        room = min(spool.max_bytes - taken, shutil.disk_usage(spool.directory).free)
    except (SpoolUnusable, OSError) as error:
        return Readiness(False, f"{why}, and {error}")
    if room < min(_LEAST_ROOM_BYTES, spool.max_bytes):
        return Readiness(
            False,
            f"{why}, and the spool is full: bring Postgres back, make room on the disk of"
            f" {spool.directory}, or raise TOLLBOOK_SPOOL_MAX_BYTES",
        )
    return Readiness(True, f"ready: Postgres {state}, calls go to the spool")
