"""Where notices go: the channels that are set."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row, Select, select, text, tuple_

from ledger.domain.budgets.budget import OPERATOR, Budget
from ledger.domain.errors import InvalidRecord, NotFound
from ledger.domain.notices.notice import Channel
from ledger.storage.notices.tables import notice_channels

ChannelCursor = tuple[str, str, UUID]
"""Tenant, name and id of the last one."""

_NAMES = Channel.__struct_fields__
_ORDER = (notice_channels.c.tenant, notice_channels.c.name, notice_channels.c.channel_id)

_LAST = text("""
    SELECT max(delivered_at) AS delivered_at,
        count(*) FILTER (WHERE delivered_at IS NULL AND given_up_at IS NULL) AS waiting,
        (array_agg(last_error ORDER BY next_attempt_at DESC)
            FILTER (WHERE delivered_at IS NULL AND last_error IS NOT NULL))[1] AS last_error
    FROM notice_deliveries WHERE channel_id = :channel_id
""")


class ListedChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as people see it: nothing of it is secret."""

    channel_id: UUID
    tenant: str
    name: str
    shown_url: str
    created_at: Any
    created_by: str


def list_channels(
    connection: Connection,
    *,
    tenant: str | None = None,
    after: ChannelCursor | None = None,
    limit: int = 100,
) -> list[ListedChannel]:
    """Channels by tenant and name, those after a cursor."""
    names = ListedChannel.__struct_fields__
    statement = _holding(*names).order_by(*_ORDER).limit(limit)
    if tenant is not None:
        statement = statement.where(notice_channels.c.tenant == tenant)
    if after is not None:
        statement = statement.where(tuple_(*_ORDER) > tuple_(*after))
    return [ListedChannel(**row) for row in connection.execute(statement).mappings()]


def channel_of_id(connection: Connection, channel_id: UUID) -> Channel:
    """The channel with this id, with its secrets. Raises NotFound."""
    statement = _holding(*_NAMES).where(notice_channels.c.channel_id == channel_id)
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no notice channel {channel_id}, or it has ended")
    return Channel(**row)


def all_channels(connection: Connection) -> list[Channel]:
    """Every channel that holds, with its secrets: for what sends."""
    rows = connection.execute(_holding(*_NAMES).order_by(*_ORDER)).mappings()
    return [Channel(**row) for row in rows]


def condition_of(connection: Connection, channel_id: UUID) -> Row[Any]:
    """When a channel last took a notice, how many wait for it, and what it said last."""
    return connection.execute(_LAST, {"channel_id": channel_id}).one()


def refuse_unknown_channels(connection: Connection, budget: Budget) -> None:
    """Raise InvalidRecord when a budget names a channel that is neither its tenant's nor ours."""
    statement = select(notice_channels.c.channel_id).where(
        notice_channels.c.ended_at.is_(None),
        notice_channels.c.channel_id.in_(budget.channels),
        notice_channels.c.tenant.in_([budget.tenant, OPERATOR]),
    )
    known = set(connection.execute(statement).scalars()) if budget.channels else set()
    for place, channel in enumerate(budget.channels):
        if channel not in known:
            raise InvalidRecord(
                f"channels[{place}]",
                f"{channel} is no notice channel of {budget.tenant!r}; GET /v1/notice-channels"
                " lists them",
            )


def _holding(*names: str) -> Select[Any]:
    columns = [notice_channels.c[name] for name in names]
    return select(*columns).where(notice_channels.c.ended_at.is_(None))
