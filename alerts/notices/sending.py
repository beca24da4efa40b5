"""Sending one message to one address."""

from __future__ import annotations

import logging
from typing import Literal, NamedTuple

from apprise import Apprise, NotifyFormat
from apprise.result import AppriseResultStatus

from alerts.notices.addresses import ASSET, SECONDS, open_address, without_secrets

_MOST_CHARACTERS = 500

Urgency = Literal["info", "success", "warning", "failure"]


class Message(NamedTuple):
    """What people are told."""

    title: str
    body: str
    urgency: Urgency


def send(url: str, message: Message) -> str | None:
    """Send a message; None once the other side took it, or what went wrong, without secrets."""
    service = open_address(url)
    if service is None:
        return "is no address that notices can be sent to"
    channel = Apprise(asset=ASSET)
    channel.add(service)
    try:
        with channel.notify(
            body=message.body,
            title=message.title,
            notify_type=message.urgency,
            body_format=NotifyFormat.TEXT,
            timeout=SECONDS,
            log_level=logging.WARNING,
        ) as result:
            # An address may call itself optional, and then always claims success.
            tried = [one.attempts[-1].status for one in result.results if one.attempts]
            said = [entry.message for entry in result.logs()]
    except Exception as error:  # noqa: BLE001 - any of a hundred services' code; its text may hold secrets
        return f"the service failed: {type(error).__name__}"
    if tried and all(status == AppriseResultStatus.SUCCESS for status in tried):
        return None
    if AppriseResultStatus.TIMEOUT in tried:
        said.append("no answer in time")
    reason = " ".join(said) or "the service did not take it"
    return without_secrets(reason, url)[:_MOST_CHARACTERS]
