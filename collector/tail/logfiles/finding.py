"""Which files to read: those that paths and globs name, and what rotation made of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from collector.tail.logfiles.rotations import has_compressed_name, name_before_rotation


class Found(NamedTuple):
    """A file that may be read."""

    path: str
    is_named: bool
    """Named by the user; else the rotated form of a file that is."""

    @property
    def shown(self) -> str:
        """The path as text that can be stored; names of files may hold any bytes."""
        return os.fsencode(self.path).decode(errors="backslashreplace")

    @property
    def family(self) -> str:
        """The path it had before it was rotated, as text."""
        return family_of(self.shown)

    @property
    def is_rotated(self) -> bool:
        """Whether its name says that nothing more is written to it."""
        return self.family != self.shown


def family_of(path: str) -> str:
    """The path that a log had before it was rotated."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name_before_rotation(name)}"


class Finder:
    """Looks for files, again and again: new ones may come at any time."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.paths = [str(Path(p).absolute()) for p in patterns if not _is_glob(p)]
        self._globs = [str(Path(p).absolute()) for p in patterns if _is_glob(p)]

    def find(self) -> list[Found]:
        """The files that are there now, and paths that were named whether there or not."""
        named = dict.fromkeys(self.paths)
        for pattern in self._globs:
            found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path takes no absolute ones
            named |= dict.fromkeys(sorted(found))
        return [Found(path, True) for path in named] + list(_rotated_forms(named))


def _rotated_forms(named: dict[str, None]) -> Iterable[Found]:
    """Files beside those named that were such a file before rotation; no compressed ones."""
    for folder in sorted({path.rpartition("/")[0] for path in named}):
        try:
            names = sorted(os.listdir(folder or "/"))  # noqa: PTH208 - names only, many times a minute
        except OSError:
            continue
        for name in names:
            path = f"{folder}/{name}"
            if path in named or has_compressed_name(name):
                continue
            before = name_before_rotation(name)
            if before != name and f"{folder}/{before}" in named:
                yield Found(path, False)


def _is_glob(pattern: str) -> bool:
    return glob.has_magic(pattern) and not os.path.lexists(pattern)
