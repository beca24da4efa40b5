"""Addresses that notices can be sent to: one URL each, in the form that Apprise reads.

They hold tokens and passwords. Nothing here says more of one than its kind and, where that is no
secret, its host.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from apprise import Apprise, AppriseAsset, NotifyBase
from apprise.exception import AppriseException

from ledger.domain.budgets.budget import OPERATOR
from ledger.domain.errors import InvalidRecord, InvalidSetting
from ledger.domain.notices.notice import Channel

SETTING = "TOLLBOOK_NOTICE_URLS"

SECONDS = 20
"""A message may take until it counts as failed."""
_OF_THIS_MACHINE = frozenset(
    ("blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "vapid", "windows")
)
"""They show something on, or write to, the machine that jobs run on: nobody would see it."""
_READS_FILES = re.compile(r"[?&](template|keyfile|attach|pgpkey|pem)=", re.IGNORECASE)
_HOST_IS_NO_SECRET = frozenset(
    ("form", "forms", "json", "jsons", "mailto", "mailtos", "xml", "xmls")
)
_SHORTEST_SECRET = 4
_BETWEEN_PARTS = re.compile(r"[:/?&=@#,;+%]+")

# Apprise logs parts of addresses, and at DEBUG HTTP clients log paths and headers, which hold their
# secrets. What Apprise says about a failure is taken from its result, and cleared of them.
for _name in ("apprise", "urllib3", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("apprise").propagate = False

ASSET = AppriseAsset(
    app_id="Tollbook",
    app_desc="Tollbook",
    app_url="",
    image_url_mask="",
    image_url_logo="",
    allow_templates=False,
    http_redirects=False,
    async_mode=False,
    service_timeout=SECONDS,
)


def shown_address(url: str) -> str:
    """What people may see of an address. Raises InvalidRecord when notices cannot go there."""
    scheme = url.partition("://")[0].lower()
    if scheme in _OF_THIS_MACHINE:
        raise InvalidRecord("url", f"{scheme}:// reaches only the machine that Tollbook runs on")
    if _READS_FILES.search(url):
        raise InvalidRecord("url", "names a file; addresses that read files are not taken")
    service = open_address(url)
    if service is None:
        raise InvalidRecord(
            "url",
            "is no address that notices can be sent to, such as mailtos://USER:PASSWORD@HOST?to=...,"
            " slack://TOKENS or json://HOST/PATH; docs/notices.md names more",
        )
    kind = str(service.url(privacy=True)).partition("://")[0]  # type: ignore[no-untyped-call]
    host = getattr(service, "host", None)
    return f"{kind}://{host}/..." if host and kind in _HOST_IS_NO_SECRET else f"{kind}://..."


def open_address(url: str) -> NotifyBase | None:
    """What sends to an address; None when it is none."""
    try:
        service = Apprise.instantiate(url, asset=ASSET, suppress_exceptions=True)
    except (AppriseException, TypeError, ValueError, AttributeError):
        return None
    return service if isinstance(service, NotifyBase) else None


def without_secrets(said: str, url: str) -> str:
    """What was said about an address, with everything that stands in the address left out."""
    parts = {
        part
        for form in (url, unquote(url))
        for part in _BETWEEN_PARTS.split(form.partition("://")[2])
        if len(part) >= _SHORTEST_SECRET
    }
    if url.partition("://")[0].lower() in _HOST_IS_NO_SECRET:
        parts.discard(urlsplit(url).hostname or "")
    for part in sorted(parts, key=len, reverse=True):
        said = said.replace(part, "***")
    return said


def channels_of_setting(urls: str | None) -> Sequence[Channel]:
    """The channels that the settings name, separated by spaces or lines. Raises InvalidSetting."""
    channels = []
    for place, url in enumerate((urls or "").split(), start=1):
        try:
            shown = shown_address(url)
        except InvalidRecord as error:
            raise InvalidSetting(f"{SETTING}: address {place}: {error.reason}") from error
        # Known again after a restart, by nothing that is secret.
        channel_id = uuid5(NAMESPACE_URL, f"{SETTING} {place} {shown}")
        name = f"{SETTING} {place}"
        channels.append(
            Channel(channel_id=channel_id, tenant=OPERATOR, name=name, url=url, shown_url=shown)
        )
    return channels
