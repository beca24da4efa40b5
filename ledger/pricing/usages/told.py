"""The counts of one usage object as its provider wrote it, found by their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import MAX_TOKENS, token_count

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
        self._values: dict[str, Any] = {}
        _flatten(raw, self._values)
        self.heads = frozenset([path.partition(".")[0] for path in self._values])
        """First names of all paths, by which a form is known."""

    def count(self, *paths: str) -> int | None:
        """The count under the first of these paths that is set.

        Raises InvalidRecord naming the path when what stands there is none.
        """
        for path in paths:
            if path in self._values:
                return self._count_at(path)
        return None

    def parts(self, table: Table) -> dict[str, int | None]:
        """The counts of a table by part, all of them named. Raises InvalidRecord."""
        names = ranked_names(table)
        found: dict[str, tuple[int, str]] = {}
        for path in self._values:
            known = names.get(path)
            if known is not None:
                part, rank = known
                if part not in found or rank < found[part][0]:
                    found[part] = (rank, path)
        counts: dict[str, int | None] = dict.fromkeys(table)
        for part, (_, path) in found.items():
            counts[part] = self._count_at(path)
        return counts

    def _count_at(self, path: str) -> int | None:
        value = self._values[path]
        if type(value) is int and 0 <= value <= MAX_TOKENS:
            return value
        try:
            return token_count(value, "")
        except ValueError as error:
            raise InvalidRecord(self._place + path, str(error).removeprefix(": ")) from error

    def text(self, path: str) -> str:
        """The text at a path in lower case; empty where there is none."""
        value = self._values.get(path)
        return value.lower() if isinstance(value, str) else ""

    def entries(self, *names: str) -> Iterator[Told]:
        """The objects in the lists of these names, of each list the first 64."""
        for name in names:
            listed = self._raw.get(name)
            for place, entry in enumerate(listed[:_MOST_ENTRIES] if type(listed) is list else ()):
                if isinstance(entry, dict):
                    yield Told(entry, f"{self._place}{name}[{place}].")


def _flatten(
    raw: Mapping[str, Any], into: dict[str, Any], prefix: str = "", depth: int = 0
) -> None:
    for name, value in raw.items():
        if isinstance(value, dict):
            if depth < _DEEPEST:
                _flatten(value, into, f"{prefix}{name}.", depth + 1)
        elif value is not None:
            into[f"{prefix}{name}"] = value


def ranked_names(table: Table) -> dict[str, tuple[str, int]]:
    """Of each name in a table, which part of the usage it is, and how preferred; remembered."""
    known = _ranked_tables.get(id(table))
    if known is None:
        names = {
            name: (part, rank) for part, names in table.items() for rank, name in enumerate(names)
        }
        known = _ranked_tables[id(table)] = (table, names)
    return known[1]


_ranked_tables: dict[int, tuple[Table, dict[str, tuple[str, int]]]] = {}
"""By identity; each table is kept with its names, so that no other one can have its identity."""


def numbers_in(raw: Mapping[str, Any]) -> Iterator[tuple[str, int | float]]:
    """Path and value of each number outside of lists."""
    values: dict[str, Any] = {}
    _flatten(raw, values)
    for path, value in values.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield path, value


def total(*counts: int | None) -> int | None:
    """The sum of what is known; None when nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
