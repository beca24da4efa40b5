"""Bodies of requests about reservations, read into commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from collector.pipeline.validation import LONGEST_TEXT, validated
from collector.receivers.calls_json import call_of_record
from collector.receivers.records import NOT_GIVEN, UsageRecord
from ledger.domain.budgets.scope import TAG_PREFIX, values_of_call
from ledger.domain.calls import UNKNOWN_MODEL, Call
from ledger.domain.errors import InvalidRecord
from ledger.domain.money import pico_from_usd
from ledger.domain.reservations.commands import Reserve, Settle
from ledger.domain.reservations.names import name_for, new_name
from ledger.domain.reservations.reservation import Amount

DEFAULT_TTL_SECONDS = 600.0
LONGEST_TTL_SECONDS = 86_400.0
MOST_TOKENS = 10**15

Tokens = Annotated[int, Meta(ge=0, le=MOST_TOKENS)]
_TAG = f'"{TAG_PREFIX}'.encode()
_Shape = TypeVar("_Shape")


class _Usage(UsageRecord, forbid_unknown_fields=True):
    """Tokens to be expected; under a mistyped name too few would be held."""


class _Told(msgspec.Struct, kw_only=True):
    """What a request says of the call to come, under the names that calls have."""

    tenant: str | None = None
    provider: str | None = None
    operation: str | None = None
    feature: str | None = None
    service: str | None = None
    environment: str | None = None
    region: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    user: str | None = None
    session: str | None = None
    service_tier: str | None = None
    tags: msgspec.Raw = NOT_GIVEN
    usage: _Usage | None = None


class _Wanted(_Told, kw_only=True, forbid_unknown_fields=True):
    """Unknown fields are refused: under a mistyped dimension no budget would be asked."""

    model: str | None = None
    amount_usd: Decimal | None = None
    amount_tokens: Tokens | None = None
    ttl_seconds: Annotated[float, Meta(gt=0, le=LONGEST_TTL_SECONDS)] = DEFAULT_TTL_SECONDS
    reservation_id: UUID | None = None


class _Spent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    amount_usd: Decimal | None = None
    amount_tokens: Tokens | None = None


class _Record(_Told, kw_only=True, omit_defaults=True):
    """The same as a call that starts now."""

    id: str
    started_at: datetime
    model: str


_wanted = msgspec.json.Decoder(_Wanted)
_spent = msgspec.json.Decoder(_Spent)
_any_object = msgspec.json.Decoder(dict[str, Any])


class Reading:
    """Reads requests as calls are read: the same names, the same prices, the same aliases."""

    def __init__(
        self,
        *,
        price: Callable[[Call], Awaitable[int | None]],
        resolve: Callable[[Call], Call],
        default_tenant: str | None,
    ) -> None:
        """`resolve` must not wait for Postgres."""
        self._price = price
        self._resolve = resolve
        self._default_tenant = default_tenant

    async def reserve(self, body: bytes, key: str | None) -> Reserve:
        """What is to be held. Raises InvalidRecord naming what is wrong."""
        wanted = _decoded(_wanted, _with_tags(body) if _TAG in body else body)
        now = datetime.now(UTC)
        record = _Record(
            id="reservation",
            started_at=now,
            model=wanted.model or UNKNOWN_MODEL,
            **{name: getattr(wanted, name) for name in _Told.__struct_fields__},
        )
        call = call_of_record(msgspec.json.encode(record), self._default_tenant)
        call = self._resolve(validated(call, now))
        reservation_id, may_exist = _name(wanted, call.tenant, key)
        return Reserve(
            reservation_id=reservation_id,
            call=call,
            amount=await self._amount(wanted, call),
            ttl=timedelta(seconds=wanted.ttl_seconds),
            dimensions={name: value for name, value in values_of_call(call).items() if value},
            may_exist=may_exist,
        )

    def settle(self, reservation_id: UUID, body: bytes) -> Settle:
        """What was spent. Raises InvalidRecord naming what is wrong."""
        spent = _decoded(_spent, body)
        if spent.amount_usd is None and spent.amount_tokens is None:
            raise InvalidRecord("amount_usd", "missing: say what the call cost")
        return Settle(reservation_id, Amount(_pico(spent.amount_usd), spent.amount_tokens))

    async def _amount(self, wanted: _Wanted, call: Call) -> Amount:
        is_said = wanted.amount_usd is not None or wanted.amount_tokens is not None
        if not is_said and not call.usage.is_known:
            raise InvalidRecord(
                "amount_usd", "missing: say amount_usd, amount_tokens, or the usage to be expected"
            )
        pico_usd, tokens = _pico(wanted.amount_usd), wanted.amount_tokens
        if call.usage.is_known:
            if tokens is None:
                tokens = sum(count for _, count in call.usage.reported())
            if pico_usd is None:
                pico_usd = await self._price(call)
        return Amount(pico_usd, tokens)


def read_name(text: str) -> UUID | None:
    """The reservation's name in a path; None for what can be none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _name(wanted: _Wanted, tenant: str, key: str | None) -> tuple[UUID, bool]:
    if wanted.reservation_id is not None:
        return wanted.reservation_id, True
    if key is None:
        return new_name(), False
    if not key.strip() or len(key) > LONGEST_TEXT:
        raise InvalidRecord("Idempotency-Key", f"expected 1 to {LONGEST_TEXT} characters")
    return name_for(tenant, key), True


def _pico(usd: Decimal | None) -> int | None:
    if usd is None:
        return None
    try:
        return pico_from_usd(usd)
    except ValueError as error:
        raise InvalidRecord("amount_usd", str(error)) from error


def _decoded(decoder: msgspec.json.Decoder[_Shape], body: bytes) -> _Shape:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise InvalidRecord(path.strip("`.") or "body", reason) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRecord("body", str(error)) from error


def _with_tags(body: bytes) -> bytes:
    """Tags may also be written as budgets name them: `"tags.team": "search"`."""
    fields = _decoded(_any_object, body)
    tags = dict(fields.get("tags") or {})
    tags |= {
        name.removeprefix(TAG_PREFIX): value
        for name, value in fields.items()
        if name.startswith(TAG_PREFIX)
    }
    others = {name: value for name, value in fields.items() if not name.startswith(TAG_PREFIX)}
    return msgspec.json.encode({**others, "tags": tags})
