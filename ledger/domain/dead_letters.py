"""Dead letters: calls that could not be booked after their sender was told that they are safe."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.calls import Call

MAX_LETTER_BYTES = 64 * 1024
"""Largest call that is kept whole; a validated one is far smaller unless its tags are huge."""

_MAX_VALUE_CHARACTERS = 256
_BULKY = ("tags", "raw_usage")

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Call)


class LetterKey(msgspec.Struct, frozen=True):
    """Where a dead letter is kept, and the entrance that it came through."""

    tenant: str
    received_at: datetime
    record_id: UUID
    receiver: str


class Letter(msgspec.Struct, frozen=True):
    """A dead letter with the call that it holds."""

    key: LetterKey
    payload: str

    def call(self) -> Call:
        """The call, as it would have been booked. Raises ValueError when it cannot be read."""
        try:
            return _decoder.decode(self.payload)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise ValueError(f"the letter does not hold a call: {error}") from error


def letter_payload(call: Call) -> tuple[str, bool]:
    """A call as text, and whether it can be booked again from that text.

    It cannot when it is too large or holds what JSON cannot carry; then the text is what fits.
    """
    try:
        encoded = _encoder.encode(call)
        whole = len(encoded) <= MAX_LETTER_BYTES and _decoder.decode(encoded) == call
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        whole = False
    return (encoded.decode(), True) if whole else (_evidence(call), False)


def _evidence(call: Call) -> str:
    """The plain fields of a call that cannot be kept whole, long texts cut."""
    fields: dict[str, Any] = {
        name: _plain(getattr(call, name)) for name in call.__struct_fields__ if name not in _BULKY
    }
    return _encoder.encode(fields).decode()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | datetime):
        return value
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    text = str(value).encode(errors="replace").decode()
    return text[:_MAX_VALUE_CHARACTERS]
