"""The overview while calls come in."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import expect

from tests.browser.conftest import Book, Visit
from tests.browser.overview import figure, sticking_out
from tests.factories.calls import a_record

_LIVE_MILLISECONDS = 20_000


def test_an_empty_ledger_shows_the_way_in_and_turns_live_with_the_first_call(
    dashboards_url: str, book: Book, visit: Visit
) -> None:
    page = visit(dashboards_url)
    expect(page.get_by_role("heading", name="No calls yet")).to_be_visible()
    expect(page.get_by_text("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318")).to_be_visible()
    expect(page.get_by_text("/v1/calls -H")).to_be_visible()
    expect(figure(page, "Today")).to_have_count(0)

    book(a_record(started_at=_now(), usage={"input_tokens": 1000, "output_tokens": 100}))

    expect(figure(page, "Today")).to_have_text("$0.00021", timeout=_LIVE_MILLISECONDS)
    expect(page.get_by_role("heading", name="No calls yet")).to_be_hidden()


def test_the_page_shows_new_calls_by_itself_and_sums_of_a_million(
    dashboards_url: str, book: Book, visit: Visit
) -> None:
    book(a_record(started_at=_now(), model="o1-pro", usage=_usage(output_tokens=1_000_000_000)))
    page = visit(dashboards_url, "/?range=24h")
    expect(figure(page, "Last 24 hours")).to_have_text("$600,000.00")

    book(
        a_record(started_at=_now(), model="o1-pro", usage=_usage(output_tokens=1_000_000_000)),
        a_record(started_at=_now(), model="o1-pro", usage=_usage(output_tokens=57_613_150)),
    )

    expect(figure(page, "Last 24 hours")).to_have_text("$1,234,567.89", timeout=_LIVE_MILLISECONDS)
    expect(figure(page, "Calls")).to_have_text("3")
    assert sticking_out(page) == []


def _usage(*, output_tokens: int) -> dict[str, int]:
    """For o1-pro, which costs 600 dollars for a million output tokens."""
    return {"input_tokens": 0, "output_tokens": output_tokens}


def _now() -> str:
    return datetime.now(UTC).isoformat()
