"""Answers of the entrances for calls, each in the form its protocol asks for."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from collector.api.problems import RETRY_AFTER_SECONDS, problem_document, status_of
from collector.pipeline.outcome import Outcome
from collector.receivers.otlp.traces_wire import RpcStatus
from ledger.domain.errors import TollbookError

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
PROBLEM = "application/problem+json"

_RPC_INVALID_ARGUMENT = 3
_RPC_UNAVAILABLE = 14
_RPC_INTERNAL = 13


class Answer(msgspec.Struct, frozen=True):
    """Status, content type and body of a response."""

    status: int
    content_type: str
    body: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """Everything but the length."""
        headers = {"content-type": self.content_type}
        if self.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            headers["retry-after"] = str(RETRY_AFTER_SECONDS)
        if self.status == HTTPStatus.REQUEST_TIMEOUT:
            # Else the rest of the body could keep dripping for as long as its sender likes.
            headers["connection"] = "close"
        return headers


class CallsAnswers:
    """POST /v1/calls and callbacks: counts and refusals as JSON, faults as problem documents."""

    def success(self, outcome: Outcome, _content_type: str) -> Answer:
        """200 with what was booked, 202 with what was spooled, 400 when all was refused."""
        rejected = [
            {"index": refusal.index, "path": refusal.path, "reason": refusal.reason}
            for refusal in outcome.refusals
        ]
        if rejected and outcome.rejected == outcome.records:
            first = rejected[0]
            document = problem_document(
                HTTPStatus.BAD_REQUEST,
                f"{_none_booked(outcome.records)}: {first['path']}: {first['reason']}",
                booked=0,
                duplicate=0,
                rejected=rejected,
            )
            return Answer(HTTPStatus.BAD_REQUEST, PROBLEM, document)
        if outcome.spooled:
            answer: dict[str, Any] = {"spooled": outcome.spooled, "rejected": rejected}
            return Answer(HTTPStatus.ACCEPTED, JSON, msgspec.json.encode(answer))
        answer = {"booked": outcome.booked, "duplicate": outcome.duplicate, "rejected": rejected}
        return Answer(HTTPStatus.OK, JSON, msgspec.json.encode(answer))

    def failure(self, error: TollbookError, _content_type: str) -> Answer:
        """The problem document of an error."""
        status = status_of(error)
        return Answer(status, PROBLEM, problem_document(status, str(error)))


class OtlpAnswers:
    """OTLP/HTTP: success or partial success, faults as google.rpc.Status, in the same encoding."""

    def __init__(self, response: Any, records: str, records_json: str, noun: str) -> None:
        self._response = response
        self._records = records
        self._records_json = records_json
        self._noun = noun

    def success(self, outcome: Outcome, content_type: str) -> Answer:
        """200; with the number of refused records and the first reason when there are any."""
        rejected = outcome.rejected
        reason = ""
        if rejected:
            first = outcome.refusals[0]
            reason = (
                f"{rejected} {self._noun} were refused; the first: {first.path}: {first.reason}"
            )
        if content_type == JSON:
            partial = {self._records_json: str(rejected), "errorMessage": reason}
            body = msgspec.json.encode({"partialSuccess": partial} if rejected else {})
            return Answer(HTTPStatus.OK, JSON, body)
        message = self._response()
        if rejected:
            setattr(message.partial_success, self._records, rejected)
            message.partial_success.error_message = reason
        return Answer(HTTPStatus.OK, PROTOBUF, message.SerializeToString())

    def failure(self, error: TollbookError, content_type: str) -> Answer:
        """A google.rpc.Status with the HTTP status of the error."""
        status = status_of(error)
        code = _RPC_INTERNAL
        if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            code = _RPC_UNAVAILABLE
        elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
            code = _RPC_INVALID_ARGUMENT
        if content_type == JSON:
            return Answer(status, JSON, msgspec.json.encode({"code": code, "message": str(error)}))
        body = RpcStatus(code=code, message=str(error)).SerializeToString()
        return Answer(status, PROTOBUF, body)


def _none_booked(records: int) -> str:
    if records == 1:
        return "the record could not be booked"
    return f"none of the {records} records could be booked; the first"
