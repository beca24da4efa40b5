"""The overview as a person finds their way on it: by labels, not by places."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page

SPACE = "[ \N{NARROW NO-BREAK SPACE}]"

_STICKING_OUT = """() => [...document.querySelectorAll('.tb-card')].flatMap(card => {
    const edge = card.getBoundingClientRect().right + 1;
    return [...card.querySelectorAll('td, th, li, p, h2, .tb-figure-value, .tb-change')]
        .filter(part => part.getBoundingClientRect().right > edge
            || part.scrollWidth > part.clientWidth + 1)
        .map(part => part.textContent);
})"""


def article(page: Page, label: str) -> Locator:
    """The key-figure card of that label."""
    heading = page.get_by_role("heading", name=label, exact=True)
    return page.get_by_role("article").filter(has=heading)


def figure(page: Page, label: str) -> Locator:
    """The figure on the card of that label."""
    return article(page, label).locator(".tb-figure-value")


def card(page: Page, title: str) -> Locator:
    """The titled card of charts and tables."""
    heading = page.get_by_role("heading", name=title, exact=True)
    return page.locator("section").filter(has=heading)


def rows(page: Page, title: str) -> list[list[str]]:
    """The cells of a card's table, row by row, without its head."""
    found = card(page, title).locator("tbody tr")
    return [row.locator("td").all_inner_texts() for row in found.all()]


def choose_range(page: Page, label: str) -> None:
    """Pick a time range."""
    page.get_by_role("radiogroup", name="Time range").get_by_text(label).click()


def choose_tenant(page: Page, name: str) -> None:
    """Pick a tenant by typing its name."""
    page.locator("#tenant").fill(name)
    page.get_by_role("option", name=name, exact=True).click()


def colour_scheme(page: Page) -> str | None:
    """`light` or `dark`, as the style sheet sees it."""
    return page.locator("html").get_attribute("data-mantine-color-scheme")


def sticking_out(page: Page) -> list[str]:
    """Texts that stick out of their card or are cut off at its edge."""
    found: Any = page.evaluate(_STICKING_OUT)
    return [str(text) for text in found]


def seconds(text: str) -> float:
    """A duration as the page writes it, in seconds."""
    found = re.fullmatch(rf"([\d.]+){SPACE}(ms|s)", text)
    assert found is not None, text
    return float(found[1]) / (1000 if found[2] == "ms" else 1)
