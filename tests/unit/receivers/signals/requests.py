"""OTLP log and metric requests for tests, from one plain description to both encodings."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs

from collector.receivers.received import Received
from tests.decoders.logs import decode_json, decode_protobuf

NANOS = 1_793_611_800_000_000_000
"""2026-11-02T09:30:00Z."""
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
ENCODINGS = ("protobuf", "json")


def an_event(attributes: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The event of a chat call; attributes of None are left out."""
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "tenant.id": "acme",
        **(attributes or {}),
    }
    return {
        "event_name": "gen_ai.client.inference.operation.details",
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "time": NANOS,
        "attributes": {name: value for name, value in said.items() if value is not None},
        **changes,
    }


def received(encoding: str, *logs: dict[str, Any], default_tenant: str | None = None) -> Received:
    """What the receiver makes of one request with these records."""
    if encoding == "protobuf":
        return decode_protobuf(protobuf_request(*logs), default_tenant)
    return decode_json(json_request(*logs), default_tenant)


def protobuf_request(*logs: dict[str, Any]) -> bytes:
    """An ExportLogsServiceRequest, each record in a resource of its own."""
    request = ExportLogsServiceRequest()
    for described in logs:
        resource_logs = ResourceLogs()
        resource_logs.resource.attributes.extend(_pairs(described.get("resource", {})))
        scope_logs = resource_logs.scope_logs.add()
        scope_logs.scope.name = described.get("scope", "")
        record = scope_logs.log_records.add(
            time_unix_nano=described.get("time", 0),
            observed_time_unix_nano=described.get("observed", 0),
            trace_id=bytes.fromhex(described.get("trace_id", "")),
            span_id=bytes.fromhex(described.get("span_id", "")),
            event_name=described.get("event_name", ""),
        )
        record.attributes.extend(_pairs(described.get("attributes", {})))
        if "body" in described:
            record.body.CopyFrom(_any_value(described["body"]))
        request.resource_logs.append(resource_logs)
    return request.SerializeToString()


def json_request(*logs: dict[str, Any]) -> bytes:
    """The same request as OTLP's JSON."""
    return json.dumps(
        {
            "resourceLogs": [
                {
                    "resource": {"attributes": _json_pairs(described.get("resource", {}))},
                    "scopeLogs": [
                        {
                            "scope": {"name": described.get("scope", "")},
                            "logRecords": [_json_record(described)],
                        }
                    ],
                }
                for described in logs
            ]
        }
    ).encode()


def _json_record(described: dict[str, Any]) -> dict[str, Any]:
    record = {
        "timeUnixNano": str(described.get("time", 0)),
        "observedTimeUnixNano": str(described.get("observed", 0)),
        "traceId": described.get("trace_id", "").upper(),
        "spanId": described.get("span_id", "").upper(),
        "eventName": described.get("event_name", ""),
        "severityNumber": 9,
        "attributes": _json_pairs(described.get("attributes", {})),
    }
    if "body" in described:
        record["body"] = _json_value(described["body"])
    return record


def _pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_any_value(value)) for name, value in attributes.items()]


def _any_value(value: Any) -> AnyValue:
    any_value = AnyValue()
    if isinstance(value, list):
        any_value.array_value.values.extend(_any_value(item) for item in value)
    elif isinstance(value, dict):
        any_value.kvlist_value.values.extend(_pairs(value))
    else:
        kinds = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}
        setattr(any_value, kinds[type(value)], value)
    return any_value


def _json_pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _json_value(value)} for name, value in attributes.items()]


def _json_value(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_json_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _json_pairs(value)}}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}
