"""Reading logs as they grow, and booking what they hold together with how far it reaches."""

from __future__ import annotations

import logging
import os
import threading
import time

import msgspec

from collector.tail.contents import Contents
from collector.tail.decoding import decode_piece, is_whole_call
from collector.tail.handover import Handover, Stopped
from collector.tail.logfiles.reading import ContentReplaced, Piece
from collector.tail.memory import Memory
from collector.tail.watching import Followed, Watch

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_REPORT_SECONDS = 60.0
_SHARE_OF_LOOKING = 10
"""Looking around takes at most one part in so many of the time, however many files there are."""


class Follower:
    """Follows the logs of a watch until it is stopped, or once to their ends."""

    def __init__(
        self,
        watch: Watch,
        contents: Contents,
        handover: Handover,
        *,
        default_tenant: str | None,
        stopping: threading.Event,
        memory: Memory,
    ) -> None:
        self._watch = watch
        self._memory = memory
        self._contents = contents
        self._handover = handover
        self._default_tenant = default_tenant
        self._stopping = stopping

    def read_once(self) -> None:
        """Read every log to the end it has now. Raises Stopped when told to end before."""
        self.look()
        # A log may have been emptied into a copy of it since; the copy holds the rest.
        self.look()
        for family in self._watch.by_family():
            for followed in family:
                self._take_unfinished(followed)
        self._memory.tidy(self._handover)

    def follow(self) -> None:
        """Read until told to stop."""
        reported_at = time.monotonic()
        reported = self._handover.tally.copy()
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self.look()
                self._end_rotated()
                self._memory.tidy(self._handover)
            except Stopped:
                return
            if time.monotonic() - reported_at > _REPORT_SECONDS:
                if reported != self._handover.tally:
                    log.info("so far %s", self._handover.summary)
                reported_at, reported = time.monotonic(), self._handover.tally.copy()
            spent = time.monotonic() - started
            self._stopping.wait(max(_LOOK_SECONDS, spent * _SHARE_OF_LOOKING - spent))

    def look(self) -> None:
        """Read what came since the last look. Raises Stopped."""
        # What was begun is read to its end before a file that took its name is begun, and before
        # any is begun we look for what rotation put aside, which is older.
        self._read_all([[one for one in f if one.file.place] for f in self._watch.by_family()])
        self._watch.look_around()
        self._read_all(self._watch.by_family())

    def _read_all(self, families: list[list[Followed]]) -> None:
        """A piece of each log in turn, of one log's files the older one first."""
        families = [family for family in families if family]
        while families:
            for family in families:
                if self._stopping.is_set():
                    raise Stopped
                if not self._read_piece(family[0]):
                    family.pop(0)
            families = [family for family in families if family]

    def _read_piece(self, followed: Followed) -> bool:
        """Whether there may be more to read."""
        try:
            piece = followed.file.next_piece(followed.end)
        except ContentReplaced:
            self._start_over(followed)
            # First look around: rotation may have put aside what was written in between.
            return False
        except OSError as error:
            self._give_up(followed, error)
            return False
        if piece is None:
            if followed.content is None and followed.file.place:
                self._book(followed, Piece(followed.file.place, []))
            return False
        followed.moved_at = time.monotonic()
        if piece.lines or piece.overlong:
            self._book(followed, piece)
        return True

    def _book(self, followed: Followed, piece: Piece) -> None:
        file = followed.file
        stat = os.fstat(file.fd)
        content = followed.content or self._contents.name_new(
            followed.path, stat, file.fingerprint.head, followed.line_name
        )
        content = msgspec.structs.replace(
            content,
            path=followed.path,
            device=stat.st_dev,
            inode=stat.st_ino,
            modified_ns=stat.st_mtime_ns,
            place=piece.end,
            prints=file.fingerprint.prints,
        )
        accepted = decode_piece(
            piece,
            path=followed.path,
            content_name=content.name,
            default_tenant=self._default_tenant,
        )
        self._handover.book(accepted, content.mark())
        followed.content = content
        self._contents.keep(content)

    def _start_over(self, followed: Followed) -> None:
        file, content = followed.file, followed.content
        log.warning(
            "%s was cut or written anew after byte %d; reading it from the start",
            followed.path,
            file.place,
        )
        # When it still begins as before, its lines keep their names: none is booked twice.
        if content is None or not content.prints.begins(file.fd):
            self._watch.release(followed)
        file.restart()
        if followed.end is not None:
            followed.end = file.size

    def _end_rotated(self) -> None:
        for followed in self._watch.ended():
            if not self._take_unfinished(followed):
                continue
            place = followed.file.place
            if followed.file.size > place:
                log.warning("%s ends within a line, which began at byte %d", followed.path, place)
            self._watch.settle(followed)
        self._watch.make_room()

    def _take_unfinished(self, followed: Followed) -> bool:
        """Whether the log is as it was, and done with."""
        try:
            piece = followed.file.take_unfinished(is_whole_call, followed.end)
        except ContentReplaced:
            self._start_over(followed)
            return False
        except OSError as error:
            self._give_up(followed, error)
            return False
        if piece is not None:
            self._book(followed, piece)
        return True

    def _give_up(self, followed: Followed, error: OSError) -> None:
        """Close a log that cannot be read at the moment; it is tried again at the next look."""
        self._watch.complaints.say(followed.path, f"cannot be read: {error.strerror}")
        self._watch.drop(followed)
