"""Small SVG drawings that read well on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = """\
  <style>
    svg { font: 13px ui-sans-serif, system-ui, "Helvetica Neue", Arial, sans-serif; }
    .page { fill: #ffffff; } text { fill: #24292f; } .quiet { fill: #6e7781; }
    .title { font-size: 16px; font-weight: 600; }
    .rule { stroke: #d0d7de; stroke-width: 1; } .goal { stroke: #cf222e; stroke-width: 2; }
    .first { fill: #0969da; } .second { fill: #1b7c83; } .third { fill: #8250df; }
    .reference { fill: #afb8c1; }
    .line { fill: none; stroke: #0969da; stroke-width: 1.6; stroke-linejoin: round; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; } text { fill: #e6edf3; } .quiet { fill: #9198a1; }
      .rule { stroke: #3d444d; }
      .goal { stroke: #ff7b72; } .first { fill: #4493f8; } .second { fill: #39c5cf; }
      .third { fill: #ab7df8; } .reference { fill: #656c76; } .line { stroke: #4493f8; }
    }
  </style>"""

_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


class Drawing:
    """Shapes that are put down one after another; places are pixels from the upper left."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img" aria-label="{escape(title)}">'
        )
        # A ground of its own: a viewer that knows no dark scheme still shows dark words on white.
        self._shapes = [f'<rect width="{width}" height="{height}" rx="6" class="page"/>']

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Words on the line y; `kind` is one of the style's classes."""
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A filled bar."""
        self._shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}"'
            f' rx="2" class="{kind}"/>'
        )

    def rule(self, start: tuple[float, float], end: tuple[float, float], kind: str) -> None:
        """A straight line."""
        (x1, y1), (x2, y2) = start, end
        self._shapes.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'
        )

    def line(self, points: Sequence[tuple[float, float]]) -> None:
        """A line through points."""
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._shapes.append(f'<polyline points="{places}" class="line"/>')

    def svg(self) -> str:
        """The whole file."""
        shapes = "\n".join(f"  {shape}" for shape in self._shapes)
        return f"{self._head}\n{_STYLE}\n{shapes}\n</svg>\n"


def round_up(value: float) -> float:
    """The next round figure: the end of an axis."""
    if value <= 0:
        return 1.0
    step = 1.0
    while step * 10 < value:
        step *= 10
    while step > value:
        step /= 10
    return next(step * factor for factor in _ROUND if step * factor >= value)
