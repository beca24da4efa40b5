"""Taking a JSON array apart where one of its elements is damaged."""

from __future__ import annotations

import re

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)


def split_array(body: bytes) -> list[bytes] | None:
    """The elements of an array, each as it was written, sound or not.

    Only brackets, commas and the bounds of strings are looked at, so an element that no parser
    takes hurts only itself. None when even those do not add up to one array, as in a cut body.
    """
    elements = []
    depth = 0
    start = end = 0
    for token in _TOKEN.finditer(body):
        mark = token.group()
        if mark in (b"[", b"{"):
            depth += 1
            if depth == 1:
                start = token.end()
        elif mark in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                end = token.end()
                elements.append(body[start : token.start()])
                break
        elif mark == b"," and depth == 1:
            elements.append(body[start : token.start()])
            start = token.end()
    if depth != 0 or not end or body[end:].strip():
        return None
    return elements
