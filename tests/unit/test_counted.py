from __future__ import annotations

from collector.counted import counted


def test_one_is_one_and_everything_else_is_several() -> None:
    assert [counted(n, "call") for n in (0, 1, 2)] == ["0 calls", "1 call", "2 calls"]
    assert [counted(n, "alias", "aliases") for n in (1, 12)] == ["1 alias", "12 aliases"]
