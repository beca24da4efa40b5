"""Addresses of notices: which are taken, and how little of them is shown."""

from __future__ import annotations

import pytest

from alerts.notices.addresses import channels_of_setting, shown_address, without_secrets
from ledger.domain.errors import InvalidRecord, InvalidSetting

SECRET = "sEcReT1234"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"json://user:{SECRET}@example.com:8080/{SECRET}?a={SECRET}", "json://example.com/..."),
        (f"jsons://example.com/{SECRET}", "jsons://example.com/..."),
        (f"mailtos://{SECRET}:{SECRET}@example.com?to=a@example.com", "mailtos://example.com/..."),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", "slack://..."),
        (f"https://discord.com/api/webhooks/4174216298/{SECRET}", "discord://..."),
        (f"ntfy://{SECRET}", "ntfys://..."),
        (f"tgram://123456789:AAF_{SECRET * 3}_a/12315544/", "tgram://..."),
    ],
)
def test_no_more_is_shown_than_the_kind_and_a_host_that_is_no_secret(url: str, shown: str) -> None:
    assert shown_address(url) == shown


@pytest.mark.parametrize(
    "url", ["", "x", "json://", "nonsense://a", "https://example.com/a", "windows://", "GNOME://"]
)
def test_what_cannot_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(InvalidRecord, match="url: "):
        shown_address(url)


def test_what_is_said_of_an_address_is_cleared_of_it() -> None:
    url = f"json://ann:p%40ss-{SECRET}@example.com/{SECRET}/x"
    said = without_secrets(f"example.com refused ann with p@ss-{SECRET} at /{SECRET}", url)
    assert SECRET not in said
    assert "example.com" in said


def test_addresses_of_the_setting_keep_their_ids_and_tell_no_secrets() -> None:
    urls = f"json://a/{SECRET}  mailto://u:{SECRET}@example.com\njson://a/other"
    first, second, third = channels_of_setting(urls)
    assert [one.channel_id for one in channels_of_setting(urls)] == [
        first.channel_id,
        second.channel_id,
        third.channel_id,
    ]
    assert len({first.channel_id, second.channel_id, third.channel_id}) == 3
    assert SECRET not in repr(first)
    assert channels_of_setting(None) == channels_of_setting("") == []


def test_a_setting_that_is_none_is_named_by_its_place() -> None:
    with pytest.raises(InvalidSetting, match=r"TOLLBOOK_NOTICE_URLS: address 2: ") as raised:
        channels_of_setting(f"json://a nonsense://{SECRET}")
    assert SECRET not in str(raised.value)
