"""The counts of one usage object as its provider wrote it, found by their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import token_count

Table = Mapping[str, tuple[str, ...]]
"""Paths of counts, the preferred one first, by what `usage_from_inclusive` calls them."""

_DEEPEST = 4
_MOST_ENTRIES = 64


class Told:
    """One usage object. What is null counts as absent; unknown fields are not looked at.

    Parts of parts have dotted paths, whether they came nested or were flattened by their sender.
    """

    def __init__(self, raw: Mapping[str, Any], place: str = "") -> None:
        self._raw = raw
        self._place = place
        self._values = dict(_flat(raw, "", 0))
        self.heads = frozenset(path.partition(".")[0] for path in self._values)
        """First names of all paths, by which a form is known."""

    def count(self, *paths: str) -> int | None:
        """The count under the first of these paths that is set.

        Raises InvalidRecord naming the path when what stands there is none.
        """
        path = next((path for path in paths if path in self._values), None)
        if path is None:
            return None
        try:
            return token_count(self._values[path], "")
        except ValueError as error:
            raise InvalidRecord(self._place + path, str(error).removeprefix(": ")) from error

    def parts(self, table: Table) -> dict[str, int | None]:
        """The counts of a table by part, all of them named. Raises InvalidRecord."""
        return {part: self.count(*paths) for part, paths in table.items()}

    def text(self, path: str) -> str:
        """The text at a path in lower case; empty where there is none."""
        value = self._values.get(path)
        return value.lower() if isinstance(value, str) else ""

    def entries(self, *names: str) -> Iterator[Told]:
        """The objects in the lists of these names, of each list the first 64."""
        for name in names:
            listed = self._raw.get(name)
            for place, entry in enumerate(listed[:_MOST_ENTRIES] if type(listed) is list else ()):
                if isinstance(entry, Mapping):
                    yield Told(entry, f"{self._place}{name}[{place}].")


def _flat(raw: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in raw.items():
        if isinstance(value, Mapping):
            if depth < _DEEPEST:
                yield from _flat(value, f"{prefix}{name}.", depth + 1)
        elif value is not None:
            yield f"{prefix}{name}", value


def numbers_in(raw: Mapping[str, Any]) -> Iterator[tuple[str, int | float]]:
    """Path and value of each number outside of lists."""
    for path, value in _flat(raw, "", 0):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield path, value


def total(*counts: int | None) -> int | None:
    """The sum of what is known; None when nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
