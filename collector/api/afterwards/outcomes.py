"""POST and GET /v1/calls/{id}/outcome: what became of a call's answer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any
from unicodedata import category

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta

from collector.api import parameters as read
from collector.api.afterwards.json_body import read_json
from collector.pipeline.validation import EARLIEST_START, FURTHEST_AHEAD, LONGEST_TEXT
from ledger.commands.outcomes import record_outcome
from ledger.domain.errors import InvalidQuestion, InvalidRecord
from ledger.domain.money import pico_from_usd, usd_text
from ledger.domain.outcomes import Outcome, Verdict
from ledger.queries.reader import Reader
from ledger.queries.records.outcomes import outcome_history

_Moment = Annotated[datetime, Meta(tz=True)]


class _Posted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body; unknown fields are refused, since a mistyped value would be lost silently."""

    tenant: str
    verdict: Verdict
    value: Decimal | None = None
    started_at: _Moment | None = None
    at: _Moment | None = None
    comment: str | None = None


_decoder = msgspec.json.Decoder(_Posted)


def outcome_routes(reader: Reader) -> Blueprint:
    """Verdicts that come after their calls."""
    routes = Blueprint("outcomes", __name__)

    @routes.post("/v1/calls/<path:call_id>/outcome")
    def post_outcome(call_id: str) -> Response:
        now = datetime.now(UTC)
        outcome = _outcome(call_id, read_json(_decoder), now)
        recorded = record_outcome(reader, outcome, now)
        answer = {
            "tenant": outcome.tenant,
            "id": outcome.call_id,
            "verdict": outcome.verdict,
            "value_usd": _usd(outcome.value_pico_usd),
            **msgspec.to_builtins(recorded),
        }
        status = HTTPStatus.ACCEPTED if recorded.waiting else HTTPStatus.OK
        return _json(answer, status)

    @routes.get("/v1/calls/<path:call_id>/outcome")
    def get_outcomes(call_id: str) -> Response:
        read.refuse_unknown(request.args, ("tenant",))
        tenant = request.args.get("tenant")
        if not tenant:
            raise InvalidQuestion("tenant", "is needed: whose call it is")
        rows = outcome_history(reader, tenant=tenant, call_id=call_id)
        return _json({"outcomes": [_shown(row) for row in rows]}, HTTPStatus.OK)

    return routes


def _outcome(call_id: str, posted: _Posted, now: datetime) -> Outcome:
    _check_texts(id=call_id, tenant=posted.tenant, comment=posted.comment)
    for name, moment in (("started_at", posted.started_at), ("at", posted.at)):
        if moment and not EARLIEST_START <= moment <= now + FURTHEST_AHEAD:
            raise InvalidRecord(name, f"{moment.isoformat()} is before 2015 or still to come")
    return Outcome(
        tenant=posted.tenant.strip(),
        call_id=call_id.strip(),
        verdict=posted.verdict,
        value_pico_usd=_pico(posted.value),
        started_at=posted.started_at and posted.started_at.astimezone(UTC),
        at=posted.at and posted.at.astimezone(UTC),
        comment=posted.comment,
    )


def _check_texts(**texts: str | None) -> None:
    for name, value in texts.items():
        if value is None:
            continue
        if not value.strip() or len(value) > LONGEST_TEXT:
            raise InvalidRecord(name, f"expected 1 to {LONGEST_TEXT} characters")
        if any(category(character) in ("Cc", "Cs") for character in value):
            raise InvalidRecord(name, "holds control characters")


def _pico(value: Decimal | None) -> int | None:
    """Whole pico-dollars; a loss is negative."""
    if value is None:
        return None
    if not value.is_finite():
        raise InvalidRecord("value", f"{value} is no finite number")
    try:
        pico = pico_from_usd(abs(value))
    except ValueError as error:
        raise InvalidRecord("value", str(error)) from error
    return -pico if value < 0 else pico


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    shown = dict(row)
    shown["at"] = shown.pop("given_at")
    shown["value_usd"] = _usd(shown.pop("value_pico_usd"))
    return shown


def _usd(pico_usd: int | None) -> str | None:
    return None if pico_usd is None else usd_text(pico_usd)


def _json(answer: dict[str, Any], status: HTTPStatus) -> Response:
    return Response(
        msgspec.json.encode(answer), status=status.value, content_type="application/json"
    )
