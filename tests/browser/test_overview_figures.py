"""What the overview says about known calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.formats import money
from tests.browser.conftest import Known
from tests.browser.known_calls import HTML_NAME, LONG_NAME, month_start, spent_since
from tests.browser.overview import SPACE, article, card, figure, rows, seconds
from tests.browser.watched import Watched


@pytest.fixture(scope="module")
def page(browser: Browser, known: Known) -> Iterator[Page]:
    """The overview as it opens; the tests here look at it and touch nothing."""
    watched = Watched(browser, known.url)
    yield watched.open()
    watched.close()
    assert watched.faults == []


def test_the_key_figures_show_the_money_of_the_known_calls(known: Known, page: Page) -> None:
    expect(figure(page, "Today")).to_have_text("$13.00")
    expect(figure(page, "Last 30 days")).to_have_text("$19.50")
    expect(article(page, "Last 30 days")).to_contain_text("+$14.50")
    expect(article(page, "Last 30 days")).to_contain_text(re.compile(rf"\+290\.0{SPACE}%"))
    this_month = spent_since(month_start(known.now), known.now)
    expect(figure(page, "This month")).to_have_text(money(this_month * 10**12))


def test_the_key_figures_show_calls_failures_and_latency(page: Page) -> None:
    expect(figure(page, "Calls")).to_have_text("7")
    expect(figure(page, "Failed calls")).to_have_text(re.compile(rf"14{SPACE}%"))
    expect(article(page, "Failed calls")).to_contain_text("1 of 7")
    assert seconds(figure(page, "Latency p95").inner_text()) == pytest.approx(4.0, rel=0.05)
    expect(article(page, "Latency p95")).to_contain_text(
        re.compile(rf"half of all calls within (1\.0{SPACE}s|9[5-9]\d{SPACE}ms)")
    )


def test_the_legend_names_the_models_by_spend(page: Page) -> None:
    legend = card(page, "Spend by model").get_by_role("listitem")
    expect(legend).to_have_text(["gpt-4o", "gpt-4o-mini", "gpt-9-mini"])
    expect(card(page, "Spend by model").locator(".trace.bars")).to_have_count(3)


def test_the_tenants_are_listed_by_spend_with_names_shown_as_they_are(
    page: Page,
) -> None:
    expect(card(page, "Top tenants").get_by_role("table")).to_be_visible()
    found = [(row[0], row[1]) for row in rows(page, "Top tenants")]
    assert found[:3] == [(HTML_NAME, "$10.00"), ("globex", "$6.50"), ("acme", "$3.00")]
    assert found[3][0] == LONG_NAME
    assert found[3][1] in ("$0.00000075", "<$0.0001")
    assert page.locator("b", has_text=re.compile("^x$")).count() == 0
    expect(card(page, "Top tenants").get_by_title(LONG_NAME)).to_be_visible()


def test_calls_without_a_price_are_named_with_their_number(page: Page) -> None:
    expect(card(page, "Unpriced calls").get_by_role("table")).to_be_visible()
    (row,) = rows(page, "Unpriced calls")
    assert row[0].startswith("gpt-9-mini")
    assert row[1] == "1"


def test_measurements_without_neighbours_are_drawn(page: Page) -> None:
    # The known calls lie on single days: lines alone would draw nothing of them.
    expect(card(page, "Latency").locator(".scatterlayer .point").first).to_be_visible()
    expect(card(page, "Failed calls").locator(".scatterlayer .point").first).to_be_visible()
