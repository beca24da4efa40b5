"""Setting and ending the channels that notices go to."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from ledger.access.principals import EVERY_TENANT
from ledger.domain.budgets.budget import OPERATOR
from ledger.domain.budgets.checks import check_text
from ledger.domain.errors import AlreadyThere, InvalidRecord, NotFound
from ledger.domain.notices.notice import Channel
from ledger.queries.reader import Reader
from ledger.storage.notices.tables import notice_channels

MOST_CHANNELS_A_TENANT = 100
MOST_URL_CHARACTERS = 4096


def set_channel(reader: Reader, *, tenant: str, name: str, url: str, shown_url: str) -> Channel:
    """Let notices of a tenant, or with "*" the operator's, go to an address.

    The address is known to be one; `shown_url` is what people see of it. Raises InvalidRecord
    naming what is wrong, and AlreadyThere for a name that is taken.
    """
    check_text("tenant", tenant)
    check_text("name", name)
    check_address_text(url)
    _refuse_foreign(reader, tenant)
    channel = Channel(channel_id=uuid4(), tenant=tenant, name=name, url=url, shown_url=shown_url)
    statement = (
        insert(notice_channels)
        .values(
            **msgspec.structs.asdict(channel),
            created_at=datetime.now(UTC),
            created_by=reader.principal.name,
        )
        .on_conflict_do_nothing()
        .returning(notice_channels.c.channel_id)
    )
    holding = notice_channels.c.ended_at.is_(None)
    number = select(func.count()).where(notice_channels.c.tenant == tenant, holding)
    with reader.connection() as connection:
        if connection.execute(number).scalar_one() >= MOST_CHANNELS_A_TENANT:
            raise InvalidRecord(
                "name", f"{tenant!r} has {MOST_CHANNELS_A_TENANT} channels already; end some"
            )
        if connection.execute(statement).first() is None:
            raise AlreadyThere(f"{tenant!r} has a notice channel {name!r} already; end it first")
    return channel


def check_address_text(url: str) -> None:
    """Raise InvalidRecord for an address of impossible characters or length; it is not repeated."""
    if len(url) > MOST_URL_CHARACTERS:
        raise InvalidRecord("url", f"longer than {MOST_URL_CHARACTERS} characters")
    if not url.isprintable() or any(sign.isspace() for sign in url):
        raise InvalidRecord("url", "holds a space or a control character; write it as %20")


def end_channel(reader: Reader, channel_id: UUID) -> None:
    """Send nothing to a channel any more; its address is forgotten. Raises NotFound."""
    statement = (
        update(notice_channels)
        .where(notice_channels.c.channel_id == channel_id, notice_channels.c.ended_at.is_(None))
        .values(ended_at=datetime.now(UTC), url="")
    )
    with reader.connection() as connection:
        if not connection.execute(statement).rowcount:
            raise NotFound(f"there is no notice channel {channel_id}, or it has ended")


def _refuse_foreign(reader: Reader, tenant: str) -> None:
    tenants = reader.principal.tenants
    if tenants == EVERY_TENANT or (tenant != OPERATOR and tenant in tenants):
        return
    raise InvalidRecord("tenant", f"{tenant!r} is not yours")
