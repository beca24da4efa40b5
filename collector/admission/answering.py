"""What is answered about reservations, in the shapes that clients rely on."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from collector.api.answers import JSON, PROBLEM, Answer
from collector.api.problems import problem_document, status_of
from ledger.domain.errors import InvalidRecord, TollbookError
from ledger.domain.money import usd_text
from ledger.domain.reservations.commands import Answer as Decision
from ledger.domain.reservations.commands import Conflict, Record, Unfilled, Unknown
from ledger.domain.reservations.refusals import Refusal
from ledger.domain.reservations.reservation import Reservation

_encode = msgspec.json.Encoder().encode


def reserve_answer(decision: Decision) -> Answer:
    """Of a request to hold something."""
    if isinstance(decision, Refusal):
        return _json(refused(decision))
    if isinstance(decision, Reservation):
        return _json(
            {
                "allowed": True,
                "reservation_id": decision.reservation_id,
                "expires_at": decision.expires_at,
                **({"unverified": True} if decision.is_unverified else {}),
            }
        )
    return _fault(decision)


def unverified_answer(record: Record) -> Answer:
    """Of one that was admitted without the ledger."""
    return _json(
        {
            "allowed": True,
            "reservation_id": record.reservation_id,
            "expires_at": record.expires_at,
            "unverified": True,
        }
    )


def state_answer(decision: Decision) -> Answer:
    """Of a settlement or a release: how the reservation stands now."""
    if isinstance(decision, Reservation):
        return _json(shown(decision))
    return _fault(decision)


def failure(error: TollbookError) -> Answer:
    """The problem document of an error."""
    status = status_of(error)
    members = {"path": error.path} if isinstance(error, InvalidRecord) else {}
    return Answer(status, PROBLEM, problem_document(status, str(error), **members))


def not_post() -> Answer:
    """Of a request by another method than these are made by."""
    return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "reservations are made and ended by POST")


def refused(refusal: Refusal) -> dict[str, Any]:
    """Who refused, what is left there, and when trying again makes sense."""
    tokens = refusal.is_in_tokens
    return {
        "allowed": False,
        "denied_by": refusal.name,
        "budget_id": refusal.budget_id,
        "reason": refusal.reason,
        "remaining_usd": None if tokens else usd_text(refusal.remaining),
        **({"remaining_tokens": refusal.remaining} if tokens else {}),
        "retry_at": refusal.retry_at,
    }


def shown(reservation: Reservation) -> dict[str, Any]:
    """A reservation as it stands."""
    settled = reservation.settled
    return {
        "reservation_id": reservation.reservation_id,
        "tenant": reservation.tenant,
        "state": reservation.state,
        "created_at": reservation.created_at,
        "expires_at": reservation.expires_at,
        "amount_usd": usd_text(reservation.amount.pico_usd),
        "amount_tokens": reservation.amount.tokens,
        "settled_usd": None if settled is None else usd_text(settled.pico_usd),
        "settled_tokens": None if settled is None else settled.tokens,
        "settled_at": reservation.settled_at,
        "over_hold": reservation.is_over_hold,
        "unverified": reservation.is_unverified,
    }


def _fault(decision: Decision) -> Answer:
    if isinstance(decision, Conflict):
        return _problem(HTTPStatus.CONFLICT, decision.reason)
    if isinstance(decision, Unfilled):
        return _problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"budget {decision.name!r} fails closed, and what was spent before it was made is still"
            " being added up; try again in a moment",
        )
    assert isinstance(decision, Unknown)
    return _problem(HTTPStatus.NOT_FOUND, f"there is no reservation {decision.reservation_id}")


def _problem(status: HTTPStatus, detail: str) -> Answer:
    return Answer(status, PROBLEM, problem_document(status, detail))


def _json(document: dict[str, Any]) -> Answer:
    return Answer(HTTPStatus.OK, JSON, _encode(document))
