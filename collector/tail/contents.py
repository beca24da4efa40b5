"""Contents: what is read once, whatever the file is called and wherever it lies.

A log that is renamed keeps its content and its inode; one that is copied and emptied leaves its
content in a file with another inode. So places are kept by content, known by its prints, and a file
is looked at for the content it holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import msgspec

from collector.tail.logfiles.finding import Found, family_of
from collector.tail.logfiles.fingerprint import Fingerprint, Prints, is_beginning_of
from exporters.postgres.batches import Mark
from ledger.storage.marks import KeptMark

_LONGEST_PATH_IN_SOURCE = 400


Held = Mapping[str, int]
"""Descriptors of the files from which contents are being read, by source."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """One content and how far it was booked."""

    source: str
    name: str
    """What calls without an id of their own are named after, with their place."""
    path: str
    device: int
    inode: int
    modified_ns: int
    """When its file had last been written to as it was read."""
    place: int = 0
    prints: Prints

    @property
    def family(self) -> str:
        """The path its file had before it was rotated."""
        return family_of(self.path)

    def mark(self) -> Mark:
        """What is written with the calls."""
        detail: dict[str, Any] = msgspec.to_builtins(self)
        del detail["source"], detail["place"]
        return Mark(self.source, self.place, detail)


class Sighting(NamedTuple):
    """What a file was found to hold."""

    holds: Literal["content", "copy", "edited", "alike", "new"]
    content: Content | None = None
    fingerprint: Fingerprint | None = None


class Contents:
    """All contents of this host that the ledger knows of."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._by_source: dict[str, Content] = {}

    @property
    def prefix(self) -> str:
        """What the sources of this host begin with."""
        return f"tail:{self.host}:"

    def load(self, marks: Iterable[KeptMark]) -> None:
        """Take in what the ledger says; marks that we cannot read belong to a later version."""
        for mark in marks:
            fields = {**mark.detail, "source": mark.source, "place": mark.place}
            try:
                content = msgspec.convert(fields, Content)
            except msgspec.ValidationError:
                continue
            self._by_source[content.source] = content

    def keep(self, content: Content) -> None:
        """Remember how far a content was booked."""
        self._by_source[content.source] = content

    def all(self) -> list[Content]:
        """Every content."""
        return list(self._by_source.values())

    def forget(self, sources: Iterable[str]) -> None:
        """Remember these no longer."""
        for source in sources:
            self._by_source.pop(source, None)

    def inodes(self) -> set[tuple[int, int]]:
        """The files that were read before, by device and inode, whatever they hold now."""
        return {(content.device, content.inode) for content in self._by_source.values()}

    def of_family(self, family: str) -> list[Content]:
        """The contents that one log had, one after the other."""
        return [c for c in self._by_source.values() if c.family == family]

    def name_new(
        self, path: str, stat: os.stat_result, head: bytes, line_name: str | None
    ) -> Content:
        """A content that was not seen before, named by its host, inode and first line.

        The same file gets the same name again after a crash, or in a second process; an emptied
        file that begins with the same line once more gets another. Its lines may be named as those
        of another content are.
        """
        first_line = head[: head.find(b"\n") + 1] or head
        birth = f"{self.host}\n{stat.st_dev}\n{stat.st_ino}\n".encode() + first_line
        for generation in range(len(self._by_source) + 1):
            name = blake2b(b"%d\n%b" % (generation, birth), digest_size=8).hexdigest()
            source = f"{self.prefix}{path[-_LONGEST_PATH_IN_SOURCE:]}:{name}"
            if source not in self._by_source:
                break
        return Content(
            source=source,
            name=line_name or name,
            path=path,
            device=stat.st_dev,
            inode=stat.st_ino,
            modified_ns=stat.st_mtime_ns,
            prints=Fingerprint().prints,
        )

    def sight(self, fd: int, stat: os.stat_result, found: Found, held: Held) -> Sighting:
        """What a file holds; contents in `held` are being read from another file.

        The longest known content that it holds decides; of a held one it is a copy. What only
        begins like a content may be another: its lines are read, and named as that content's are,
        so that those which are the same change nothing.
        """
        candidates = sorted(
            (c for c in self._by_source.values() if _may_be(c, stat, found)),
            key=lambda content: (_is_same_file(content, stat), content.place),
            reverse=True,
        )
        for content in candidates:
            fingerprint = content.prints.found_in(fd, content.place)
            if fingerprint is not None:
                if content.source in held:
                    return Sighting("copy", content)
                return Sighting("content", content, fingerprint)
        for content in candidates:
            if content.prints.begins(fd):
                return _begun_alike(content, fd, stat, held)
        return Sighting("new")


def _begun_alike(content: Content, fd: int, stat: os.stat_result, held: Held) -> Sighting:
    holder = held.get(content.source)
    if holder is None and _is_same_file(content, stat):
        return Sighting("edited", content)
    if holder is not None and is_beginning_of(fd, holder):
        return Sighting("copy", content)
    return Sighting("alike", content)


def _may_be(content: Content, stat: os.stat_result, found: Found) -> bool:
    return content.prints.head_bytes > 0 and (
        _is_same_file(content, stat) or content.family == found.family
    )


def _is_same_file(content: Content, stat: os.stat_result) -> bool:
    return (content.device, content.inode) == (stat.st_dev, stat.st_ino)
