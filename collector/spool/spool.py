"""The spool: accepted requests on disk, fsynced, until Postgres takes them.

Many threads and processes of one machine write to one directory; one process at a time replays it
(`collector.spool.replay`). A file appears whole or not at all.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from collector.receivers.accepted import Accepted
from collector.spool.entries import Contents, encode_entry, file_content, read_content
from collector.spool.names import PART_SUFFIX, FileName, parse_name
from collector.spool.room import Room
from ledger.domain.errors import SpoolFull, SpoolUnusable, TollbookError

DAMAGED = "damaged"
FAILED = "failed"

_IDENTITY = "id"
_ABANDONED_SECONDS = 900.0
_LARGEST_GROUP_BYTES = 8 * 2**20


class SpoolUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in a spool."""

    files: int = 0
    bytes: int = 0
    """On disk, in whole blocks, files set aside included: what the bound is held against."""
    records_by_receiver: dict[str, int] = {}
    oldest_arrived_at: datetime | None = None
    damaged_files: int = 0
    failed_files: int = 0


class _Waiting:
    """A request whose thread waits until it is on disk."""

    def __init__(self, accepted: Accepted) -> None:
        self.receiver = accepted.receiver
        self.records = accepted.records
        self.entry = encode_entry(accepted)
        self.is_settled = False
        self.error: Exception | None = None


class Spool:
    """One machine's spool; nothing is on disk before the first request."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self.directory = directory
        self.max_bytes = max_bytes
        self._room = Room(directory, max_bytes)
        self._turn = threading.Condition()
        self._is_writing = False
        self._waiting: list[_Waiting] = []
        self._start = secrets.token_hex(4)
        self._sequence = 0
        self._last_nanoseconds = 0

    def put(self, accepted: Accepted) -> None:
        """Keep a request; on return it is durable.

        Requests that come together share a file and its fsync. Raises SpoolFull or SpoolUnusable;
        then nothing of the request was kept.
        """
        (error,) = self.put_all([accepted])
        if error is not None:
            raise error

    def put_all(self, requests: Iterable[Accepted]) -> list[Exception | None]:
        """Keep several requests; None for each that is durable, else why nothing of it was kept."""
        waiting = [_Waiting(accepted) for accepted in requests]
        with self._turn:
            self._waiting.extend(waiting)
        for one in waiting:
            while group := self._group_to_write(one):
                try:
                    self._settle(group)
                finally:
                    with self._turn:
                        self._is_writing = False
                        self._turn.notify_all()
        return [one.error for one in waiting]

    def usage(self) -> SpoolUsage:
        """What waits, from the names of the files. Raises SpoolUnusable."""
        names = self.files()
        damaged = self._listed(self.directory / DAMAGED)
        failed = self._listed(self.directory / FAILED)
        records: Counter[str] = Counter()
        for name in names:
            records.update(name.records)
        return SpoolUsage(
            files=len(names),
            bytes=sum(name.disk_bytes for name in (*names, *damaged, *failed)),
            records_by_receiver=dict(records),
            oldest_arrived_at=names[0].arrived_at if names else None,
            damaged_files=len(damaged),
            failed_files=len(failed),
        )

    def files(self) -> list[FileName]:
        """The files that wait, in the order of their arrival. Raises SpoolUnusable."""
        return self._listed(self.directory)

    def identity(self) -> str:
        """What tells this spool from those of other machines. Raises SpoolUnusable."""
        try:
            self._prepare()
            return (self.directory / _IDENTITY).read_text()
        except OSError as error:
            raise self._unusable(error) from error

    def read(self, name: FileName) -> Contents:
        """The requests in a file. Raises OSError."""
        return read_content((self.directory / str(name)).read_bytes())

    def remove(self, names: Iterable[FileName]) -> None:
        """Delete files whose requests are settled; on return they cannot come back."""
        self._room.give_back(self.directory / str(name) for name in names)
        _sync(self.directory)

    def keep_damaged(self, name: FileName) -> None:
        """Keep a second name of a file in `damaged/`, before it is removed. Raises OSError."""
        aside = self._made(self.directory / DAMAGED)
        with suppress(FileExistsError):
            (aside / str(name)).hardlink_to(self.directory / str(name))
        self._room.exceed(name.disk_bytes)
        _sync(aside)

    def keep_failed(self, name: FileName, requests: Sequence[Accepted]) -> None:
        """Write those requests of a file that could not be booked to `failed/`. Raises OSError."""
        aside = self._made(self.directory / FAILED)
        content = file_content([encode_entry(accepted) for accepted in requests])
        records: Counter[str] = Counter()
        for accepted in requests:
            records[accepted.receiver] += accepted.records
        kept = msgspec.structs.replace(name, size_bytes=len(content), records=records)
        part = aside / f"{kept}{PART_SUFFIX}"
        self._room.exceed(kept.disk_bytes)
        _write_whole(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), content)
        part.rename(aside / str(kept))
        _sync(aside)

    def sweep(self) -> None:
        """Delete what writers left half written that were killed a while ago. Raises OSError.

        A writer that is only very slow finds its file gone and keeps nothing: it has promised
        nothing yet.
        """
        oldest = time.time() - _ABANDONED_SECONDS
        abandoned = []
        for folder in (self.directory, self.directory / FAILED):
            for part in folder.glob(f"*{PART_SUFFIX}"):
                with suppress(FileNotFoundError):
                    if part.stat().st_mtime < oldest:
                        abandoned.append(part)
        if abandoned:
            self._room.give_back(abandoned)

    def _group_to_write(self, waiting: _Waiting) -> list[_Waiting]:
        """Those whose turn it is, to be written by this thread; none once its own is settled."""
        with self._turn:
            while self._is_writing and not waiting.is_settled:
                self._turn.wait()
            if waiting.is_settled:
                return []
            self._is_writing = True
            group: list[_Waiting] = []
            size = 0
            while self._waiting and (not group or size < _LARGEST_GROUP_BYTES):
                group.append(self._waiting.pop(0))
                size += len(group[-1].entry)
            return group

    def _settle(self, group: list[_Waiting]) -> None:
        """Write a group and tell those who wait; one by one where it does not fit together."""
        error: Exception | None = SpoolUnusable("writing to the spool was broken off")
        try:
            error = self._fault_of_writing(group)
        finally:
            for waiting in group:
                waiting.error = error
                waiting.is_settled = True
        if isinstance(error, SpoolFull) and len(group) > 1:
            for waiting in group:
                self._settle([waiting])

    def _fault_of_writing(self, group: Sequence[_Waiting]) -> Exception | None:
        try:
            self._write(group)
        except OSError as error:
            return self._unusable(error)
        except Exception as error:  # noqa: BLE001 - it is raised where each request waits
            return error
        return None

    def _write(self, group: Sequence[_Waiting]) -> None:
        content = file_content([waiting.entry for waiting in group])
        records: Counter[str] = Counter()
        for waiting in group:
            records[waiting.receiver] += waiting.records
        name = self._next_name(len(content), records)
        self._prepare()
        final = self.directory / str(name)
        part = final.with_name(f"{name}{PART_SUFFIX}")
        descriptor = self._room.take(part, name.disk_bytes)
        try:
            _write_whole(descriptor, content)
            part.rename(final)
            _sync(self.directory)
        except BaseException:
            with suppress(OSError):
                self._room.give_back([part, final])
            raise

    def _next_name(self, size_bytes: int, records: Counter[str]) -> FileName:
        self._last_nanoseconds = max(time.time_ns(), self._last_nanoseconds + 1)
        self._sequence += 1
        return FileName(
            arrived_nanoseconds=self._last_nanoseconds,
            # The process is asked each time: after a fork two would write under one name.
            writer=f"{os.getpid():08x}{self._start}",
            sequence=self._sequence,
            size_bytes=size_bytes,
            records=records,
        )

    def _prepare(self) -> None:
        if (self.directory / _IDENTITY).exists():
            return
        self._made(self.directory)
        draft = self.directory / f"{_IDENTITY}.{secrets.token_hex(4)}"
        _write_whole(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
            secrets.token_hex(8).encode(),
        )
        # Of several processes that start together the first one names the spool.
        with suppress(FileExistsError):
            (self.directory / _IDENTITY).hardlink_to(draft)
        draft.unlink()

    def _made(self, directory: Path) -> Path:
        if not directory.is_dir():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(directory.parent)
        return directory

    def _listed(self, directory: Path) -> list[FileName]:
        try:
            texts = sorted(path.name for path in directory.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(error) from error
        finished = (text for text in texts if not text.endswith(PART_SUFFIX))
        return [name for name in map(parse_name, finished) if name is not None]

    def _unusable(self, error: OSError) -> TollbookError:
        return SpoolUnusable(
            f"the spool {self.directory} cannot be used: {error.strerror or error}; make room, or"
            " set TOLLBOOK_SPOOL_DIRECTORY to a directory that Tollbook can write to"
        )


def _write_whole(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
