"""Keys: 64-bit digests by which the records of one call find each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.domain.calls import Call
from ledger.domain.key_filters import KeyArray, key_of_name
from ledger.domain.merging import parent_id

_BELOW = np.uint64(0x9E3779B97F4A7C15)
"""Tells "a record is below this span" from "a record is this span"."""


class CallKeys(NamedTuple):
    """A record's own key, its response's, and its parent's; None for what it does not have."""

    own: int
    response: int | None
    parent: int | None


def keys_of(call: Call) -> CallKeys:
    """The keys of a record, as signed 64-bit integers."""
    above = parent_id(call)
    response = call.response_id
    return CallKeys(
        key_of_name(call.tenant, call.id),
        key_of_name(call.tenant, f"\x1f{response}") if response else None,
        key_of_name(call.tenant, above) if above else None,
    )


def below(keys: KeyArray) -> KeyArray:
    """What spans below those with these keys tell, beside what they are themselves."""
    return keys ^ _BELOW


class KeyColumns:
    """The keys of many records, column by column; 0 stands for none."""

    def __init__(self, table: KeyArray) -> None:
        self.table = table
        self.own: KeyArray = table[:, 0]
        self.response: KeyArray = table[:, 1]
        self.parent: KeyArray = table[:, 2]

    @classmethod
    def of(cls, keys: Sequence[CallKeys]) -> KeyColumns:
        """Lay out the keys of records."""
        rows = [(own, response or 0, parent or 0) for own, response, parent in keys]
        return cls(np.array(rows, dtype=np.int64).reshape(-1, 3).view(np.uint64))

    @classmethod
    def together(cls, parts: Sequence[KeyColumns]) -> KeyColumns:
        """The keys of several, one after the other."""
        return cls(np.concatenate([part.table for part in parts]))

    def only(self, chosen: npt.NDArray[np.bool_]) -> KeyColumns:
        """The keys of the chosen records."""
        return KeyColumns(self.table[chosen])

    def told(self) -> KeyArray:
        """Everything by which later records can find these."""
        return np.concatenate(
            [
                self.own,
                self.response[self.response != 0],
                below(self.parent[self.parent != 0]),
            ]
        )

    def asked(self) -> tuple[KeyArray, KeyArray, KeyArray, KeyArray]:
        """What to look for among earlier records: itself, its response, its parent, those below."""
        return self.own, self.response, self.parent, below(self.own)

    def related_among_themselves(self) -> npt.NDArray[np.bool_]:
        """Which of these records may be related to others of them."""
        related = _repeated(self.own) | np.isin(self.own, self.parent)
        related |= _repeated(self.response) & (self.response != 0)
        related |= np.isin(self.parent, self.own) & (self.parent != 0)
        return related


def _repeated(keys: KeyArray) -> npt.NDArray[np.bool_]:
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    repeated: npt.NDArray[np.bool_] = (counts > 1)[inverse]
    return repeated
