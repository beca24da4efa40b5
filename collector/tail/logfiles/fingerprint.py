"""What content was read so far, known by its first bytes and by the last ones before the place."""

from __future__ import annotations

import os
from hashlib import blake2b

import msgspec

MOST_BYTES = 1024
_COMPARED_BYTES = 2**16


class Fingerprint:
    """The first and last bytes of what was read of one file, at most 1 KiB each.

    Held as they were read, so that content that is exchanged while we read cannot slip in.
    """

    def __init__(self, head: bytes = b"", tail: bytes = b"") -> None:
        self.head = head
        self.tail = tail

    def advance(self, data: bytes) -> None:
        """Take in what was read next."""
        if len(self.head) < MOST_BYTES:
            self.head += data[: MOST_BYTES - len(self.head)]
        self.tail = (self.tail + data[-MOST_BYTES:])[-MOST_BYTES:]

    def still_in(self, fd: int, place: int) -> bool:
        """Whether a file still holds, up to `place`, what was read of it."""
        return (
            os.pread(fd, len(self.tail), place - len(self.tail)) == self.tail
            and os.pread(fd, len(self.head), 0) == self.head
        )

    @property
    def prints(self) -> Prints:
        """What is kept of it: no content."""
        return Prints(len(self.head), _digest(self.head), len(self.tail), _digest(self.tail))


class Prints(msgspec.Struct, frozen=True):
    """A fingerprint as it stands in the ledger."""

    head_bytes: int
    head: str
    tail_bytes: int
    tail: str

    def found_in(self, fd: int, place: int) -> Fingerprint | None:
        """The fingerprint, when a file holds up to `place` the content that this was made of."""
        head = os.pread(fd, self.head_bytes, 0)
        tail = os.pread(fd, self.tail_bytes, max(place - self.tail_bytes, 0))
        sound = len(tail) == self.tail_bytes and _digest(tail) == self.tail
        return Fingerprint(head, tail) if sound and _digest(head) == self.head else None

    def begins(self, fd: int) -> bool:
        """Whether a file begins as this content did, whatever follows; only a full head tells."""
        return self.head_bytes == MOST_BYTES and _digest(os.pread(fd, MOST_BYTES, 0)) == self.head


def is_beginning_of(fd: int, other: int) -> bool:
    """Whether a file is another one cut short, by the last bytes that it has."""
    size = os.fstat(fd).st_size
    start = max(0, size - _COMPARED_BYTES)
    ending = os.pread(fd, size - start, start)
    return ending == os.pread(other, size - start, start)


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
