"""Range, tenant and theme: chosen on the page, kept in the URL or by the browser."""

from __future__ import annotations

import re
from urllib.parse import quote

from playwright.sync_api import expect

from tests.browser.conftest import Known, Visit
from tests.browser.known_calls import HTML_NAME, LONG_NAME
from tests.browser.overview import card, choose_range, choose_tenant, colour_scheme, figure


def test_choices_change_figures_and_url_and_outlive_reload_and_back(
    known: Known, visit: Visit
) -> None:
    page = visit(known.url)
    expect(figure(page, "Last 30 days")).to_have_text("$19.50")

    choose_range(page, "7 days")
    expect(figure(page, "Last 7 days")).to_have_text("$18.00")
    expect(page).to_have_url(f"{known.url}/?range=7d")

    choose_tenant(page, "acme")
    expect(figure(page, "Last 7 days")).to_have_text("$3.00")
    expect(page).to_have_url(f"{known.url}/?range=7d&tenant=acme")

    page.reload()
    expect(figure(page, "Last 7 days")).to_have_text("$3.00")
    expect(page.locator("#tenant")).to_have_value("acme")

    page.go_back()
    expect(figure(page, "Last 7 days")).to_have_text("$18.00")
    expect(page.locator("#tenant")).to_have_value("")

    page.go_back()
    expect(figure(page, "Last 30 days")).to_have_text("$19.50")
    expect(page.get_by_role("radio", name="30 days")).to_be_checked()


def test_a_deep_link_opens_with_its_range_and_tenant(known: Known, visit: Visit) -> None:
    page = visit(known.url, "/?range=7d&tenant=globex")

    expect(figure(page, "Last 7 days")).to_have_text("$5.00")
    expect(page.get_by_role("radio", name="7 days")).to_be_checked()
    expect(page.locator("#tenant")).to_have_value("globex")


def test_a_tenant_in_the_table_leads_to_its_own_figures(known: Known, visit: Visit) -> None:
    page = visit(known.url, "/?range=7d")

    card(page, "Top tenants").get_by_role("link", name=HTML_NAME).click()

    expect(figure(page, "Last 7 days")).to_have_text("$10.00")
    expect(page.locator("#tenant")).to_have_value(HTML_NAME)
    expect(page).to_have_url(f"{known.url}/?range=7d&tenant={quote(HTML_NAME, safe='')}")


def test_the_list_of_tenants_shows_every_name_as_it_is(known: Known, visit: Visit) -> None:
    page = visit(known.url)
    expect(figure(page, "Last 30 days")).to_be_visible()

    page.locator("#tenant").click()

    expect(page.get_by_role("option")).to_have_text(
        sorted([HTML_NAME, LONG_NAME, "acme", "globex"])
    )


def test_a_link_to_a_tenant_without_calls_never_shows_the_figures_of_others(
    known: Known, visit: Visit
) -> None:
    page = visit(known.url, "/?range=9999d&tenant=nobody")

    expect(figure(page, "Last 30 days")).to_have_text("$0.00")
    expect(figure(page, "Calls")).to_have_text("0")
    expect(card(page, "Top tenants")).to_contain_text("No tenant has spent anything")
    # Not only at first: choices that are not in the list must not fall back to all tenants.
    expect(page.locator("#tenant")).to_have_value("nobody")


def test_the_theme_follows_the_system_until_it_is_switched(known: Known, visit: Visit) -> None:
    page = visit(known.url, color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name=re.compile("light and dark")).click()

    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    expect(figure(page, "Calls")).to_be_visible()
    assert colour_scheme(page) == "light"


def test_the_keyboard_reaches_and_works_tenant_range_and_theme(known: Known, visit: Visit) -> None:
    page = visit(known.url)
    expect(figure(page, "Last 30 days")).to_be_visible()

    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "document.activeElement.closest('#tenant, #range, #theme')?.id ?? null"
        )
        if focused == "range" and "range" not in reached:
            page.keyboard.press("ArrowLeft")
            expect(figure(page, "Last 7 days")).to_have_text("$18.00")
        if focused == "theme" and "theme" not in reached:
            page.keyboard.press("Enter")
            expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
        reached.append(focused)

    assert [name for name in reached if name] == ["tenant", "range", "theme"]
