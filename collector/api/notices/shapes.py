"""Notices and their channels in JSON; nothing of a channel's address that is secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row

from ledger.domain.budgets.budget import OPERATOR, Budget
from ledger.domain.budgets.scope import values_of_key
from ledger.domain.money import usd_text
from ledger.domain.notices.notice import Channel, Notice
from ledger.queries.notices.channels import ListedChannel


class PostedChannel(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What POST /v1/notice-channels takes."""

    name: str
    url: str
    tenant: str = OPERATOR

    def __repr__(self) -> str:
        """Without the address, which holds secrets."""
        return f"PostedChannel({self.tenant!r}, {self.name!r})"


def shown_channel(channel: ListedChannel, condition: Row[Any]) -> dict[str, Any]:
    """A channel, and how it does."""
    return {
        "id": str(channel.channel_id),
        "tenant": channel.tenant,
        "name": channel.name,
        "url": channel.shown_url,
        "created_at": channel.created_at,
        "created_by": channel.created_by,
        "last_delivered_at": condition.delivered_at,
        "waiting": condition.waiting,
        "last_error": condition.last_error if condition.waiting else None,
    }


def shown_setting(channel: Channel) -> dict[str, Any]:
    """A channel of the settings, which is used where no other is set."""
    return {
        "id": str(channel.channel_id),
        "tenant": channel.tenant,
        "name": channel.name,
        "url": channel.shown_url,
    }


def shown_notice(
    budget: Budget, notice: Notice, deliveries: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """A notice, and what became of it at each channel."""
    unit = "tokens" if budget.is_in_tokens else "usd"
    return {
        "value": dict(zip(budget.starred, values_of_key(notice.scope_key), strict=True)),
        "threshold": float(notice.threshold),
        "period_start": notice.period_start,
        "period_end": notice.period_end,
        "crossed_at": notice.crossed_at,
        f"used_{unit}": _amount(budget, notice.used),
        f"limit_{unit}": _amount(budget, notice.allowed),
        "rearmed_at": notice.rearmed_at,
        "deliveries": [_delivery(row) for row in deliveries],
    }


def _delivery(row: Mapping[str, Any]) -> dict[str, Any]:
    is_waiting = row["delivered_at"] is None and row["given_up_at"] is None
    return {
        "channel_id": str(row["channel_id"]),
        "channel": row["channel"],
        "delivered_at": row["delivered_at"],
        "given_up_at": row["given_up_at"],
        "attempts": row["attempts"],
        "last_error": row["last_error"],
        "next_attempt_at": row["next_attempt_at"] if is_waiting else None,
    }


def _amount(budget: Budget, figure: int) -> str | int:
    return figure if budget.is_in_tokens else usd_text(figure)
