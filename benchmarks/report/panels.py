"""Figures over time, one panel above the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.report.drawing import Drawing, round_up

_WIDTH, _LEFT, _RIGHT, _TOP, _PANEL, _GAP = 920, 80, 30, 66, 120, 46
_TICKS = 5


class Panel(NamedTuple):
    """One line over the minutes of a run."""

    title: str
    points: Sequence[tuple[float, float]]
    """Seconds since the beginning, and the figure."""


def panels_drawing(title: str, about: str, panels: Sequence[Panel]) -> str:
    """SVG of panels that share their time axis; every figure's axis begins at zero."""
    height = _TOP + len(panels) * (_PANEL + _GAP)
    drawing = Drawing(_WIDTH, height, title)
    drawing.text(16, 28, title, "title")
    drawing.text(16, 48, about, "quiet")
    seconds = max((at for panel in panels for at, _ in panel.points), default=1.0) or 1.0
    for place, panel in enumerate(panels):
        _draw(drawing, panel, _TOP + place * (_PANEL + _GAP) + 20, seconds)
    return drawing.svg()


def _draw(drawing: Drawing, panel: Panel, top: float, seconds: float) -> None:
    end = round_up(max((figure for _, figure in panel.points), default=1.0))
    scale_x, bottom = (_WIDTH - _LEFT - _RIGHT) / seconds, top + _PANEL - 20
    scale_y = (bottom - top) / end
    drawing.text(_LEFT, top - 8, panel.title)
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * (bottom - top)
        drawing.rule((_LEFT, y), (_WIDTH - _RIGHT, y), "rule")
        drawing.text(_LEFT - 8, y + 4, f"{share * end:,g}", "quiet", anchor="end")
    for tick in range(_TICKS + 1):
        at = seconds * tick / _TICKS
        x = _LEFT + at * scale_x
        drawing.text(x, bottom + 18, f"{at / 60:.1f} min", "quiet", anchor="middle")
    drawing.line([(_LEFT + at * scale_x, bottom - y * scale_y) for at, y in panel.points])
