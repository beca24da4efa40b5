"""Colours, Okabe-Ito based; each has at least 3:1 on the light and on the dark surface."""

from __future__ import annotations

SERIES_COLOURS: tuple[str, ...] = (
    "#2878B8",
    "#D17D0A",
    "#0B9473",
    "#CF5327",
    "#B8629B",
    "#8F8418",
    "#7D6FD1",
    "#3A93CC",
)
OTHER_COLOUR = "#868C96"
ACCENT_COLOUR = SERIES_COLOURS[0]
BAD_COLOUR = SERIES_COLOURS[3]

MOST_SERIES = len(SERIES_COLOURS)

MANTINE_THEME = {
    "primaryColor": "blue",
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "defaultRadius": "md",
    "cursorType": "pointer",
}


def series_colour(slot: int) -> str:
    """The colour of a palette slot."""
    return SERIES_COLOURS[slot % MOST_SERIES]
