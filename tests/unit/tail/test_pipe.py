from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.tail.logfiles.reading import MOST_LINE_BYTES, Line
from collector.tail.pipe import PipeLines


@given(
    st.lists(st.binary(max_size=40).map(lambda text: text.replace(b"\n", b"-")), max_size=20),
    st.lists(st.integers(1, 30), min_size=1, max_size=50),
)
def test_lines_are_the_same_however_the_stream_is_cut(texts: list[bytes], sizes: list[int]) -> None:
    stream, lines = b"\n".join(texts), PipeLines()
    rest = stream
    for size in sizes:
        lines.feed(rest[:size])
        rest = rest[size:]
    lines.feed(rest)
    lines.finish()
    expected, offset = [], 0
    for text in texts:
        if text.strip():
            expected.append(Line.at(offset, text))
        offset += len(text) + 1
    piece = lines.take()
    assert (piece.lines if piece else []) == expected


def test_of_an_overlong_line_nothing_is_held() -> None:
    lines = PipeLines()
    lines.feed(b"first\n")
    for _ in range(40):
        lines.feed(b"x" * (MOST_LINE_BYTES // 10))
        assert sum(map(len, lines._parts)) <= MOST_LINE_BYTES
    lines.feed(b"\nlast\n")
    piece = lines.take()
    assert piece is not None
    assert [line.text for line in piece.lines] == [b"first", b"last"]
    assert piece.overlong == ((6, 40 * (MOST_LINE_BYTES // 10)),)
    assert lines.take() is None
