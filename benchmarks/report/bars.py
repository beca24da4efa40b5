"""The rates of a run as bars, with goals marked."""

from __future__ import annotations

from benchmarks.report.drawing import Drawing, round_up
from benchmarks.report.table import Run

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BAR = 940, 350, 130, 74, 27, 16
_TICKS = 4
_KINDS = {"otlp": "first", "ndjson": "second", "single": "third"}


def rates_drawing(run: Run) -> str:
    """SVG: calls a second of every scenario, its goal as a red mark, its share of COPY."""
    rows = [
        (m.what, m.calls_per_second, _goal(m.goal), _KINDS[m.scenario.partition("-")[0]])
        for m in run.measured
    ]
    longest = max((max(rate, goal) for _, rate, goal, _ in rows), default=1.0)
    end = round_up(longest)
    height = _TOP + _ROW * (len(rows) + 1) + 30
    drawing = Drawing(_WIDTH, height, "Calls a second, durable and acknowledged")
    drawing.text(16, 28, "Calls a second, durable and acknowledged", "title")
    about = run.surroundings
    words = f"{about.measured_at:%Y-%m-%d}, {about.machine}; %: of COPY; red mark: goal"
    drawing.text(16, 48, words, "quiet")
    scale = (_WIDTH - _LEFT - _RIGHT) / end
    _axis(drawing, end, scale, height)
    for place, (what, rate, goal, kind) in enumerate(rows):
        y = _TOP + place * _ROW
        drawing.text(_LEFT - 10, y + 13, what, anchor="end")
        drawing.bar(_LEFT, y, rate * scale, _BAR, kind)
        drawing.text(
            _LEFT + max(rate, goal) * scale + 8,
            y + 13,
            f"{rate:,.0f} · {rate / run.copy_rate:.0%}".replace("%", " %"),
        )
        if goal:
            x = _LEFT + goal * scale
            drawing.rule((x, y - 3), (x, y + _BAR + 3), "goal")
    y = _TOP + len(rows) * _ROW + 13
    words = f"COPY into the same keyed partitions, 100 %: {run.copy_rate:,.0f} rows/s"
    drawing.text(_LEFT, y, words, "quiet")
    return drawing.svg()


def _axis(drawing: Drawing, end: float, scale: float, height: int) -> None:
    for tick in range(_TICKS + 1):
        value = end * tick / _TICKS
        x = _LEFT + value * scale
        drawing.rule((x, _TOP - 6), (x, height - 30 - _ROW), "rule")
        drawing.text(x, height - 12, f"{value:,.0f}", "quiet", anchor="middle")


def _goal(words: str) -> float:
    figure = words.partition(" ")[0].replace(",", "")
    return float(figure) if figure else 0.0
