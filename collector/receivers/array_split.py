"""Taking a JSON array apart, also where one of its elements is damaged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import msgspec

from collector.receivers.json_density import is_dense, most_records
from ledger.domain.errors import UnreadableBody

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},]', re.DOTALL)


_array = msgspec.json.Decoder(list[msgspec.Raw])


def array_elements(array: bytes) -> Iterable[bytes]:
    """The elements of an array; of a damaged or very dense one they are cut out, not decoded.

    Raises UnreadableBody when it is no array at all or has more elements than its length allows.
    """
    reason = "the array does not end"
    most = most_records(array)
    if not is_dense(array):
        try:
            found = _array.decode(array)
        except (msgspec.DecodeError, RecursionError) as error:
            reason = malformed(error)
        else:
            if len(found) > most:
                raise _too_many(most)
            return map(bytes, found)
    elements = split_array(array, most)
    if elements is None:
        raise UnreadableBody(reason)
    return elements


def malformed(error: Exception) -> str:
    """What to tell the sender of JSON that could not be decoded."""
    return "JSON is nested too deeply" if isinstance(error, RecursionError) else str(error)


def split_array(body: bytes, most: int) -> Iterator[bytes] | None:
    """The elements of an array, each as it was written, sound or not.

    Only brackets, commas and the bounds of strings are looked at, so an element that no parser
    takes hurts only itself. None when even those do not add up to one array, as in a cut body.
    Raises UnreadableBody when there are more than `most`.
    """
    cuts: list[int] = []
    for at in _cuts(body):
        cuts.append(at)
        if len(cuts) > most + 1:
            raise _too_many(most)
    if len(cuts) < 2 or cuts[-1] < 0 or body[cuts[-1] + 1 :].strip():
        return None
    return (body[start + 1 : end] for start, end in pairwise(cuts))


def _too_many(most: int) -> UnreadableBody:
    return UnreadableBody(f"the array has more than {most} elements; those are no calls")


def _cuts(body: bytes) -> Iterator[int]:
    """Where the array opens, each of its own commas, and where it closes; -1 if it never does."""
    depth = 0
    for token in _TOKEN.finditer(body):
        mark = token.group()
        if mark in (b"[", b"{"):
            depth += 1
            if depth == 1:
                yield token.start()
        elif mark in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                yield token.start()
                return
        elif mark == b"," and depth == 1:
            yield token.start()
    yield -1
