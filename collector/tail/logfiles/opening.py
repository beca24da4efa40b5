"""Opening files that may be anything: missing, forbidden, compressed, no files at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from collector.tail.logfiles.rotations import has_compressed_content, has_compressed_name

_MAGIC_BYTES = 8


class Unreadable(Exception):
    """A file that cannot be followed; the message follows its path in a sentence."""


def look(path: str) -> os.stat_result:
    """What there is at a path. Raises Unreadable."""
    try:
        found = Path(path).stat()
    except FileNotFoundError as error:
        raise Unreadable("is not there") from error
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    _refuse_other_kinds(found)
    if has_compressed_name(path):
        raise Unreadable(_compressed(path))
    return found


def open_log(path: str) -> tuple[int, os.stat_result]:
    """A descriptor of a log and what it is. Raises Unreadable."""
    try:
        # A pipe that took the log's place since we looked must not make us wait for its writer.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    try:
        found = os.fstat(fd)
        _refuse_other_kinds(found)
        if has_compressed_content(os.pread(fd, _MAGIC_BYTES, 0)):
            raise Unreadable(_compressed(path))
    except OSError as error:
        os.close(fd)
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    except Unreadable:
        os.close(fd)
        raise
    return fd, found


def _refuse_other_kinds(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise Unreadable("is a folder; name its files, for example with a glob in quotes")
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("is no regular file; read a pipe with `tollbook tail - < PIPE`")


def _compressed(path: str) -> str:
    return f"is compressed; read it once with `zcat {path} | tollbook tail -` or the like"
