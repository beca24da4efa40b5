"""Trying a channel, so that nobody finds out on the day of an overspend."""

from __future__ import annotations

from alerts.notices.sending import send
from alerts.notices.texts import trial
from ledger.domain.errors import NotDelivered
from ledger.domain.notices.notice import Channel


def try_channel(channel: Channel) -> None:
    """Send a test to a channel. Raises NotDelivered saying what went wrong, without secrets."""
    error = send(channel.url, trial(channel.name))
    if error is not None:
        raise NotDelivered(channel.name, error)
