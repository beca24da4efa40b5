"""Names of spool files: they sort by arrival and say what is inside without being opened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

import msgspec

SUFFIX = ".spool"
PART_SUFFIX = ".part"
"""Ends the name of a file that is still being written."""

_BLOCK_BYTES = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileName(msgspec.Struct, frozen=True, kw_only=True):
    """What the name of a spool file says."""

    arrived_nanoseconds: int
    """Since 1970; grows within one writer whatever the clock does."""
    writer: str
    """Process and start that wrote it, in hexadecimal."""
    sequence: int
    size_bytes: int
    records: Mapping[str, int]
    """Records inside by receiver."""

    def __str__(self) -> str:
        records = ",".join(
            f"{quote(name, safe='')}={n}" for name, n in sorted(self.records.items())
        )
        return (
            f"{self.arrived_nanoseconds:020d}-{self.writer}-{self.sequence:010d}"
            f"-{self.size_bytes}-{records}{SUFFIX}"
        )

    @property
    def arrived_at(self) -> datetime:
        """When it was written."""
        return _EPOCH + timedelta(microseconds=self.arrived_nanoseconds // 1000)

    @property
    def disk_bytes(self) -> int:
        """What it takes on disk: whole blocks."""
        return -(-self.size_bytes // _BLOCK_BYTES) * _BLOCK_BYTES


def parse_name(text: str) -> FileName | None:
    """The name of a file, finished or being written; None for what is no spool file."""
    text = text.removesuffix(PART_SUFFIX)
    parts = text.removesuffix(SUFFIX).split("-", 4)
    if not text.endswith(SUFFIX) or len(parts) != 5:
        return None
    arrived, writer, sequence, size, records = parts
    try:
        counts = (pair.split("=") for pair in records.split(",") if pair)
        name = FileName(
            arrived_nanoseconds=int(arrived),
            writer=writer,
            sequence=int(sequence),
            size_bytes=int(size),
            records={unquote(receiver): int(count) for receiver, count in counts},
        )
    except ValueError:
        return None
    return name if str(name) == text else None
