"""The lines of one piece, sorted into calls, refusals and lines that are none of ours."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from collector.pipeline.validation import validated
from collector.receivers.accepted import Accepted
from collector.receivers.calls_json import call_of_record, refused
from collector.receivers.log_lines import call_in
from collector.receivers.received import Received, Refused
from collector.tail.logfiles.reading import MOST_LINE_BYTES, Line, Piece
from ledger.domain.errors import InvalidRecord

RECEIVER = "tail"
_MOST_EVIDENCE = 1_000
"""Refused lines of one piece that are kept; all are counted."""


def decode_piece(
    piece: Piece, *, path: str, content_name: str, default_tenant: str | None
) -> Accepted:
    """What a piece of a log holds; a refusal says in which file and at which byte it stood.

    A call without a name is named by its content, its line and the byte that it began at: two equal
    lines are two calls, and a line that is read again is the same call.
    """
    received = Received(RECEIVER)
    now = datetime.now(UTC)
    for position, line in enumerate(piece.lines):
        record = call_in(line.text)
        if record is None:
            received.add(position, None)
            continue
        place = f"{content_name}:{line.offset}:".encode()
        try:
            call = call_of_record(record, default_tenant, receiver=RECEIVER, place=place)
            received.add(position, validated(call, now))
        except InvalidRecord as invalid:
            received.add(position, refused(record, _at(invalid, path, line)))
    for offset, length in piece.overlong:
        reason = f"a line of {length} bytes; no more than {MOST_LINE_BYTES} are read"
        received.add(0, Refused("line", f"{reason} ({path}, byte {offset})"))
    return Accepted(
        receiver=RECEIVER,
        calls=received.calls,
        refusals=received.refusals[:_MOST_EVIDENCE],
        rejected=len(received.refusals),
        ignored=received.ignored,
    )


def is_whole_call(line: bytes) -> bool:
    """Whether a line holds a call even if nothing more of it comes."""
    record = call_in(line)
    if record is None:
        return False
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _at(invalid: InvalidRecord, path: str, line: Line) -> InvalidRecord:
    return InvalidRecord(invalid.path, f"{invalid.reason} ({path}, byte {line.offset})")
