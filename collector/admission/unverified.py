"""Admissions without the ledger, on disk until they are recorded.

Each process appends to a file of its own, which it keeps locked. A file that nobody has locked is
recorded by whoever finds it, and deleted once all that is in it stands in the ledger. Each of these
admissions has a name, so one that is recorded twice is there once.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from ledger.domain.errors import SpoolFull, SpoolUnusable
from ledger.domain.reservations.commands import Record

log = logging.getLogger(__name__)

_SUFFIX = ".admissions"
_DAMAGED = ".damaged"
_FRAME = struct.Struct("<II")
_COUNT_AGAIN_SECONDS = 1.0

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Record)


class Unverified:
    """The admissions that processes of one machine made while Postgres was away."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        """What they may take on disk in all is `max_bytes`; with 0 there are none."""
        self._directory = directory
        self._max_bytes = max_bytes
        self._writing = threading.Lock()
        self._open: int | None = None
        self._taken_bytes = 0
        self._counted_at = float("-inf")

    def keep(self, records: Sequence[Record]) -> None:
        """Keep admissions; on return they are durable. Raises SpoolFull or SpoolUnusable."""
        content = b"".join(map(_framed, records))
        with self._writing:
            try:
                self._append(content)
            except OSError as error:
                self._close()
                raise SpoolUnusable(
                    f"{self._directory} cannot be used: {error.strerror or error}; nothing is"
                    " admitted without the ledger that could not be recorded later"
                ) from error

    def has_any(self) -> bool:
        """Whether some wait to be recorded, of whichever process."""
        return any(True for _ in self._names())

    def close(self) -> None:
        """Let what was kept until now be recorded, by anybody; later ones come into a new file."""
        with self._writing:
            self._close()

    @contextmanager
    def next_file(self) -> Iterator[tuple[Path, list[Record]] | None]:
        """The oldest file that nobody writes to, locked while the block runs; None: there is none.

        It is deleted after the block, and stays when the block raises.
        """
        for name in sorted(self._names()):
            path = self._directory / name
            descriptor = _locked(path)
            if descriptor is None:
                continue
            try:
                yield path, self._read(path)
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)
            return
        yield None

    def set_aside(self, path: Path) -> None:
        """Keep a file out of the way that cannot be recorded, for a person to look at."""
        log.error("admissions without the ledger cannot be recorded; see %s%s", path, _DAMAGED)
        with suppress(FileNotFoundError, FileExistsError):
            path.with_name(f"{path.name}{_DAMAGED}").hardlink_to(path)

    def _names(self) -> Iterator[str]:
        with suppress(FileNotFoundError):
            for path in self._directory.iterdir():
                if path.name.endswith(_SUFFIX):
                    yield path.name

    def _append(self, content: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._count()
        if self._taken_bytes + len(content) > self._max_bytes:
            raise SpoolFull(self._max_bytes)
        if self._open is None:
            self._open = self._new_file()
        written = os.write(self._open, content)
        if written < len(content):
            raise OSError(f"only {written} of {len(content)} bytes could be written")
        os.fdatasync(self._open)
        self._taken_bytes += len(content)

    def _new_file(self) -> int:
        name = f"{time.time_ns():020d}-{os.getpid():08x}{secrets.token_hex(4)}{_SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(self._directory / name, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return descriptor

    def _close(self) -> None:
        if self._open is not None:
            os.close(self._open)
            self._open = None

    def _count(self) -> None:
        """Other processes write here too."""
        now = time.monotonic()
        if now - self._counted_at > _COUNT_AGAIN_SECONDS:
            self._counted_at = now
            with suppress(FileNotFoundError):
                self._taken_bytes = sum(path.stat().st_size for path in self._directory.iterdir())

    def _read(self, path: Path) -> list[Record]:
        """All whole admissions. Nobody was told of one that was cut off by a kill."""
        content = path.read_bytes()
        records: list[Record] = []
        place = 0
        while place + _FRAME.size <= len(content):
            length, checksum = _FRAME.unpack_from(content, place)
            payload = content[place + _FRAME.size : place + _FRAME.size + length]
            place += _FRAME.size + length
            if len(payload) < length:
                break
            if zlib.crc32(payload) != checksum:
                self.set_aside(path)
                break
            try:
                records.append(_decoder.decode(payload))
            except msgspec.MsgspecError:
                self.set_aside(path)
        return records


def _framed(record: Record) -> bytes:
    payload = _encode(record)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock of a file; None if it has another owner, or is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None
