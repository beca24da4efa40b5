"""The overview for eyes, hands and screens of all kinds."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Known, Visit
from tests.browser.known_calls import LONG_NAME
from tests.browser.overview import figure, sticking_out
from tests.browser.watched import PHONE

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_overview_has_no_serious_barrier(scheme: Scheme, known: Known, visit: Visit) -> None:
    page = visit(known.url, color_scheme=scheme, reduced_motion="reduce")
    expect(figure(page, "Calls")).to_have_text("7")

    assert _barriers(page) == []


def test_the_empty_overview_fits_a_phone_and_has_no_serious_barrier(
    dashboards_url: str, visit: Visit
) -> None:
    page = visit(dashboards_url, viewport=_size(*PHONE), reduced_motion="reduce")
    expect(page.get_by_role("heading", name="No calls yet")).to_be_visible()

    assert _page_width(page) <= PHONE[0]
    assert _barriers(page) == []
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    assert _barriers(page) == []


def test_nothing_overflows_a_phone(known: Known, visit: Visit) -> None:
    page = visit(known.url, viewport=_size(*PHONE))
    expect(figure(page, "Calls")).to_have_text("7")

    assert _page_width(page) <= PHONE[0]
    assert sticking_out(page) == []


def test_nothing_sticks_out_of_its_card_on_wider_screens(known: Known, visit: Visit) -> None:
    page = visit(known.url)
    expect(figure(page, "Calls")).to_have_text("7")

    found = {}
    for width in (768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = sticking_out(page)

    assert found == {768: [], 1024: [], 1440: []}


def test_a_cost_far_below_a_cent_is_shown_down_to_its_last_digit_and_in_full(
    known: Known, visit: Visit
) -> None:
    page = visit(known.url, f"/?range=24h&tenant={LONG_NAME}")
    expect(figure(page, "Today")).to_have_text("$0.00000075")

    assert sticking_out(page) == []


def _size(width: int, height: int) -> dict[str, int]:
    return {"width": width, "height": height}


def _page_width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def _barriers(page: Page) -> list[dict[str, Any]]:
    """Serious and critical violations that axe finds, with the elements they are about."""
    return [
        {"rule": found["id"], "where": [node["html"][:200] for node in found["nodes"]]}
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
    ]
