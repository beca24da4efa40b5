"""Numbers in sentences for people."""

from __future__ import annotations


def counted(number: int, one: str, several: str = "") -> str:
    """The number with its word: "1 call", "2 calls"; `several` where an s is not enough."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"
