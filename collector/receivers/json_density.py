"""A bound on how many values a JSON body holds: each costs us some 60 bytes, its sender two."""

from __future__ import annotations

import re

from ledger.domain.errors import UnreadableBody

_ALWAYS_READ_BYTES = 64 * 1024
_FEWEST_BYTES_A_VALUE = 8
_ALWAYS_READ_RECORDS_BYTES = 1024 * 1024
_FEWEST_BYTES_A_RECORD = 24
"""The shortest call has some 60 bytes. To tell what is wrong with millions of shorter records would
keep everybody else waiting for minutes."""
_STRING_OR_COMMA = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|,', re.DOTALL)


def most_values(body: bytes) -> int:
    """How many values a body of this length may have."""
    return max(len(body), _ALWAYS_READ_BYTES) // _FEWEST_BYTES_A_VALUE


def most_records(body: bytes) -> int:
    """How many calls a body of this length may hold."""
    return max(len(body), _ALWAYS_READ_RECORDS_BYTES) // _FEWEST_BYTES_A_RECORD


def is_dense(body: bytes) -> bool:
    """Whether the body has so many values that it would take far more memory than its own size.

    What telemetry is made of has a comma in 20 to 40 bytes. Commas in texts do not count.
    """
    most = most_values(body)
    if body.count(b",") <= most:
        return False
    commas = 0
    for token in _STRING_OR_COMMA.finditer(body):
        if token.end() - token.start() == 1 and body[token.start()] == 0x2C:
            commas += 1
            if commas > most:
                return True
    return False


def refuse_dense(body: bytes) -> None:
    """Raises UnreadableBody for a body that is too dense to be telemetry."""
    if is_dense(body):
        raise UnreadableBody(
            f"the body has more than a value in {_FEWEST_BYTES_A_VALUE} bytes; that is no telemetry"
        )


def refuse_many_lines(body: bytes) -> None:
    """Raises UnreadableBody for NDJSON with more lines than there can be calls."""
    if body.count(b"\n") > most_records(body):
        raise UnreadableBody(
            f"the body has more than a line in {_FEWEST_BYTES_A_RECORD} bytes; those are no calls"
        )
