"""Which files are open, which content each of them holds, and which need no further look."""

from __future__ import annotations

import logging
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.tail.complaints import Complaints
from collector.tail.contents import Content, Contents
from collector.tail.logfiles.finding import Finder, Found, family_of
from collector.tail.logfiles.opening import Unreadable, look, open_log
from collector.tail.logfiles.places import last_line_end
from collector.tail.logfiles.reading import LogFile

log = logging.getLogger(__name__)

MOST_OPEN = 400
_QUIET_SECONDS = 5.0
"""So long after its last line a log that was rotated away may still be written to."""

Inode = tuple[int, int]


@dataclass
class Followed:
    """One open log."""

    file: LogFile
    path: str
    inode: Inode
    content: Content | None
    """What it holds; None until its first line was read."""
    line_name: str | None = None
    """After which other content its lines are named, because it begins like it."""
    end: int | None = None
    """Where to stop, if not to go on for ever."""
    is_current: bool = True
    """Whether it still has the name that is written to."""
    moved_at: float = field(default_factory=time.monotonic)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing came for a while."""
        return time.monotonic() - self.moved_at > _QUIET_SECONDS


class _Settled(NamedTuple):
    """A file that is closed, as it was when there was nothing more to read in it."""

    size: int
    modified_ns: int
    source: str | None


class Watch:
    """Looks for files and keeps those open that are read."""

    def __init__(self, finder: Finder, contents: Contents, *, once: bool, from_end: bool) -> None:
        self._finder = finder
        self._contents = contents
        self._once = once
        self._skips_present = from_end
        self._open: dict[Inode, Followed] = {}
        self._settled: dict[Inode, _Settled] = {}
        self.complaints = Complaints()
        self.families: set[str] = set()

    def look_around(self) -> None:
        """Open what is new, notice what was renamed."""
        present = self._present()
        for followed in self._open.values():
            followed.is_current = False
        inodes = {_inode(stat) for _, stat in present}
        self._settled = {inode: s for inode, s in self._settled.items() if inode in inodes}
        known = self._contents.inodes()
        # A file that was read before comes before its copies, and current logs before rotated ones.
        present.sort(key=lambda p: (_inode(p[1]) not in known, p[0].is_rotated, p[1].st_mtime_ns))
        for found, stat in present:
            already_open = self._open.get(_inode(stat))
            if already_open is not None:
                self._seen(already_open, found)
            elif self._may_hold_more(stat) and len(self._open) < MOST_OPEN:
                self._try_to_open(found)
        self._skips_present = False

    def faults(self) -> list[str]:
        """What is wrong with paths that were named one by one."""
        return self.complaints.about([Found(path, True).shown for path in self._finder.paths])

    def by_family(self) -> list[list[Followed]]:
        """The open logs; of one log that was rotated the older file comes first."""
        families: dict[str, list[Followed]] = defaultdict(list)
        for followed in self._open.values():
            families[family_of(followed.path)].append(followed)
        for members in families.values():
            members.sort(key=lambda one: (one.is_current, one.file.modified_ns))
        return list(families.values())

    def ended(self) -> list[Followed]:
        """Rotated logs to which nothing more seems to be written."""
        return [one for one in self._open.values() if not one.is_current and one.is_quiet]

    def make_room(self) -> None:
        """Close logs that were quiet for longest when too many are open; they stay watched."""
        quiet = sorted((o for o in self._open.values() if o.is_quiet), key=lambda o: o.moved_at)
        for followed in quiet[: max(0, len(self._open) - MOST_OPEN // 2)]:
            self.settle(followed)

    def settle(self, followed: Followed) -> None:
        """Close a log; it is opened again when it changes."""
        file, source = followed.file, _source(followed.content)
        state = _Settled(file.size, file.modified_ns, source)
        self.drop(followed)
        self._settled[followed.inode] = state

    def drop(self, followed: Followed) -> None:
        """Close a log without remembering it."""
        self.release(followed)
        followed.file.close()
        self._open.pop(followed.inode, None)

    def release(self, followed: Followed) -> None:
        """Give up a content that its file no longer holds: a copy of it may hold the rest."""
        source = _source(followed.content)
        followed.content = followed.line_name = None
        if source is not None:
            self._settled = {i: s for i, s in self._settled.items() if s.source != source}

    def sources_in_sight(self) -> set[str]:
        """Sources of which some file holds the content."""
        held = {one.content.source for one in self._open.values() if one.content is not None}
        return held | {s.source for s in self._settled.values() if s.source is not None}

    def _present(self) -> list[tuple[Found, os.stat_result]]:
        present = []
        self.families = set()
        for found in self._finder.find():
            self.families.add(found.family)
            try:
                present.append((found, look(found.path)))
            except Unreadable as fault:
                if found.is_named:
                    self.complaints.say(found.shown, str(fault))
        return present

    def _may_hold_more(self, stat: os.stat_result) -> bool:
        settled = self._settled.get(_inode(stat))
        return settled is None or settled[:2] != (stat.st_size, stat.st_mtime_ns)

    @staticmethod
    def _seen(followed: Followed, found: Found) -> None:
        is_current = found.is_named and not found.is_rotated
        if is_current or not followed.is_current:
            followed.path = found.shown
        followed.is_current |= is_current

    def _try_to_open(self, found: Found) -> None:
        try:
            fd, stat = open_log(found.path)
        except Unreadable as fault:
            if found.is_named:
                self.complaints.say(found.shown, str(fault))
            return
        try:
            followed = self._identified(found, fd, stat)
        except OSError as error:
            self.complaints.say(found.shown, f"cannot be read: {error.strerror}")
            followed = None
        else:
            self.complaints.settle(found.shown)
        if followed is None:
            os.close(fd)
        else:
            self._open[followed.inode] = followed

    def _identified(self, found: Found, fd: int, stat: os.stat_result) -> Followed | None:
        held = {one.content.source: one.file.fd for one in self._open.values() if one.content}
        sighting = self._contents.sight(fd, stat, found, held)
        content = sighting.content
        read_to = content.place if content and sighting.holds == "content" else 0
        is_done = found.is_rotated and read_to == stat.st_size
        is_unknown = sighting.holds in ("new", "alike")
        is_strange = is_unknown and not self._is_wanted(found, stat)
        if is_done or is_strange or sighting.holds == "copy":
            state = _Settled(stat.st_size, stat.st_mtime_ns, _source(content))
            self._settled[_inode(stat)] = state
            return None
        file = LogFile(fd)
        if sighting.holds == "content" and content:
            file = LogFile(fd, content.place, sighting.fingerprint)
        elif sighting.holds == "edited":
            log.warning("%s was cut or written anew; reading it from the start", found.shown)
        elif self._skips_present and not self._contents.of_family(found.family):
            file = last_line_end(fd, stat.st_size)
        return Followed(
            file,
            found.shown,
            _inode(stat),
            content=None if is_unknown else content,
            line_name=content.name if content and is_unknown else None,
            end=stat.st_size if self._once else None,
            is_current=found.is_named and not found.is_rotated,
        )

    def _is_wanted(self, found: Found, stat: os.stat_result) -> bool:
        """Whether a content never seen is to be read.

        The rotated form of a named log is, unless it is older than all that we ever read of that
        log: then it was rotated before we came. It need not be the newest, for files are renamed
        while we look, and one look may miss one.
        """
        if found.is_named:
            return True
        read_before = [content.modified_ns for content in self._contents.of_family(found.family)]
        return bool(read_before) and stat.st_mtime_ns >= min(read_before)


def _source(content: Content | None) -> str | None:
    return None if content is None else content.source


def _inode(stat: os.stat_result) -> Inode:
    return stat.st_dev, stat.st_ino
