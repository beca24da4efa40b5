"""Outcomes: what became of a call's answer, told after the call."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Literal
from uuid import UUID

import msgspec

Verdict = Literal["accepted", "edited", "rejected"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict on a call, as it was posted."""

    tenant: str
    call_id: str
    verdict: Verdict
    started_at: datetime | None = None
    """Start of the call that is meant, where several share the id."""
    value_pico_usd: int | None = None
    """What the outcome was worth to the business, in 1e-12 USD; negative for a loss."""
    at: datetime | None = None
    """When the verdict was given; None: when it arrived."""
    comment: str | None = None

    @property
    def outcome_id(self) -> UUID:
        """A name made of the content, so that the same outcome posted twice is one."""
        content = msgspec.json.encode(self)
        return UUID(bytes=blake2b(content, digest_size=16, person=b"tollbook.outcome").digest())


class Recorded(msgspec.Struct, frozen=True):
    """Where a posted outcome went."""

    started_at: datetime | None
    """Start of the call it belongs to; None while that is not known."""
    call_id: str | None
    """Id of the call it belongs to, which another record may have named; None while waiting."""
    at: datetime
    waiting: bool
    """Whether no such call is booked yet."""
    standing: bool
    """Whether it is the call's latest verdict."""
