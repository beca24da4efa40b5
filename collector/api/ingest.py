"""POST /v1/calls and POST /v1/traces."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from flask import Blueprint, Response, request

from collector.api.bodies import read_body
from collector.api.problems import RETRY_AFTER_SECONDS, problem, status_of
from collector.pipeline.intake import Intake, Outcome
from collector.receivers import calls_json, otlp_traces
from collector.receivers.otlp_wire import RpcStatus, TracesResponse
from collector.receivers.received import Received
from ledger.domain.errors import BodyTooLarge, TollbookError, UnreadableBody, UnsupportedBody
from ledger.settings import Settings

_JSON = "application/json"
_NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_PROTOBUF = "application/x-protobuf"

_RPC_INVALID_ARGUMENT = 3
_RPC_UNAVAILABLE = 14
_RPC_INTERNAL = 13


def ingest_routes(intake: Intake, settings: Settings) -> Blueprint:
    """The entrances for calls."""
    routes = Blueprint("ingest", __name__)

    @routes.post("/v1/calls")
    def post_calls() -> Response:
        try:
            received = _decode_calls(settings)
        except (UnreadableBody, BodyTooLarge) as error:
            intake.refuse_body(calls_json.RECEIVER, str(error)).result()
            raise
        records = len(received.calls) + len(received.refusals)
        return _calls_answer(intake.take(received), records)

    @routes.post("/v1/traces")
    def post_traces() -> Response:
        is_json = request.mimetype == _JSON
        try:
            outcome = intake.take(_decode_traces(settings, is_json=is_json))
        except TollbookError as error:
            if isinstance(error, UnreadableBody | BodyTooLarge):
                intake.refuse_body(otlp_traces.RECEIVER, str(error)).result()
            return _otlp_problem(error, is_json=is_json)
        return _otlp_answer(outcome, is_json=is_json)

    return routes


def _decode_calls(settings: Settings) -> Received:
    if request.mimetype in _NDJSON:
        return calls_json.decode_ndjson(read_body(settings.max_body_bytes), settings.default_tenant)
    if request.mimetype not in (_JSON, ""):
        raise UnsupportedBody(
            f"Content-Type {request.mimetype!r} is not supported; send {_JSON} or {_NDJSON[0]}"
        )
    return calls_json.decode_json(read_body(settings.max_body_bytes), settings.default_tenant)


def _decode_traces(settings: Settings, *, is_json: bool) -> Received:
    if not is_json and request.mimetype != _PROTOBUF:
        raise UnsupportedBody(
            f"Content-Type {request.mimetype!r} is not supported; send {_PROTOBUF} or {_JSON}"
        )
    body = read_body(settings.max_body_bytes)
    if is_json:
        return otlp_traces.decode_json(body, settings.default_tenant)
    return otlp_traces.decode_protobuf(body, settings.default_tenant)


def _calls_answer(outcome: Outcome, records: int) -> Response:
    rejected = [
        {"index": refusal.index, "path": refusal.path, "reason": refusal.reason}
        for refusal in outcome.refusals
    ]
    if rejected and len(rejected) == records:
        first = rejected[0]
        return problem(
            HTTPStatus.BAD_REQUEST,
            f"none of the {records} records could be booked; the first:"
            f" {first['path']}: {first['reason']}",
            booked=0,
            duplicate=0,
            rejected=rejected,
        )
    answer = {"booked": outcome.booked, "duplicate": outcome.duplicate, "rejected": rejected}
    return Response(msgspec.json.encode(answer), content_type=_JSON)


def _otlp_answer(outcome: Outcome, *, is_json: bool) -> Response:
    """Success, or OTLP's partial success with the number and the first reason of refused spans."""
    rejected = len(outcome.refusals)
    reason = ""
    if rejected:
        first = outcome.refusals[0]
        reason = f"{rejected} spans were refused; the first: {first.path}: {first.reason}"
    if is_json:
        partial = {"rejectedSpans": str(rejected), "errorMessage": reason} if rejected else None
        body = msgspec.json.encode({"partialSuccess": partial} if partial else {})
        return Response(body, content_type=_JSON)
    message = TracesResponse()
    if rejected:
        message.partial_success.rejected_spans = rejected
        message.partial_success.error_message = reason
    return Response(message.SerializeToString(), content_type=_PROTOBUF)


def _otlp_problem(error: TollbookError, *, is_json: bool) -> Response:
    """A google.rpc.Status in the request's encoding, as OTLP/HTTP asks for."""
    status = status_of(error)
    code = _RPC_INTERNAL
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        code = _RPC_UNAVAILABLE
    elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
        code = _RPC_INVALID_ARGUMENT
    if is_json:
        response = Response(msgspec.json.encode({"code": code, "message": str(error)}))
        response.content_type = _JSON
    else:
        body = RpcStatus(code=code, message=str(error)).SerializeToString()
        response = Response(body, content_type=_PROTOBUF)
    response.status_code = status.value
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
