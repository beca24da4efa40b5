"""What OTLP's services answer, in the encoding of the request."""

from __future__ import annotations

from typing import Any

import msgspec

from collector.receivers.otlp_wire import TracesResponse

_REJECTED = {
    "traces": "rejectedSpans",
    "logs": "rejectedLogRecords",
    "metrics": "rejectedDataPoints",
}


def export_response(receiver: str, rejected: int, reason: str, *, as_json: bool) -> bytes:
    """An ExportTraceServiceResponse, or the same of logs or metrics.

    With `rejected` records and the reason of the first it is a partial success. On the wire the
    three services' messages differ in nothing but their names, which only JSON shows.
    """
    if as_json:
        partial = {_REJECTED[receiver]: str(rejected), "errorMessage": reason}
        return msgspec.json.encode({"partialSuccess": partial} if rejected else {})
    message: Any = TracesResponse()
    if rejected:
        message.partial_success.rejected_spans = rejected
        message.partial_success.error_message = reason
    body: bytes = message.SerializeToString()
    return body
