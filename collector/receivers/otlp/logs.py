"""POST /v1/logs: OTLP/HTTP, protobuf and JSON, to calls. What tells of no call is ignored."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from google.protobuf.message import DecodeError

from collector.receivers import wire_density
from collector.receivers.dialects.fields import first, text
from collector.receivers.evidence import attributes_payload, record_payload
from collector.receivers.evidence import tenant_of as tenant_of_json
from collector.receivers.json_density import refuse_dense
from collector.receivers.otlp.log_calls import RECEIVER, read_call
from collector.receivers.otlp.log_record import LogRecord
from collector.receivers.otlp.logs_json import records_of_json
from collector.receivers.otlp.logs_protobuf import records_of_protobuf
from collector.receivers.received import Received
from collector.receivers.semconv import NO_EVIDENCE, TENANT
from ledger.domain.errors import InvalidRecord, UnreadableBody


def decode_protobuf(body: bytes, default_tenant: str | None = None) -> Received:
    """Read an ExportLogsServiceRequest. Raises UnreadableBody when it is none."""
    wire_density.refuse_dense(body)
    try:
        return _received(records_of_protobuf(body), default_tenant)
    except DecodeError as error:
        raise UnreadableBody("the body is no ExportLogsServiceRequest in protobuf") from error


def decode_json(body: bytes, default_tenant: str | None = None) -> Received:
    """Read an ExportLogsServiceRequest in OTLP's JSON. Raises UnreadableBody when it is none."""
    refuse_dense(body)
    try:
        return _received(records_of_json(body), default_tenant)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableBody(f"the body is no ExportLogsServiceRequest in JSON: {error}") from error


def _received(records: Iterable[LogRecord | InvalidRecord], default_tenant: str | None) -> Received:
    received = Received(RECEIVER)
    for position, record in enumerate(records):
        if isinstance(record, InvalidRecord):
            received.refuse(position, record.path, record.reason)
            continue
        try:
            call = read_call(record, default_tenant)
        except InvalidRecord as invalid:
            evidence = _evidence(record) if received.keeps_refusals else ()
            received.refuse(position, invalid.path, invalid.reason, *evidence)
            continue
        if call is None:
            received.ignored += 1
        else:
            received.add(position, call)
    return received


def _evidence(record: LogRecord) -> tuple[str | None, str]:
    """The tenant that a refused record names, and what of it can be kept."""
    if record.call_json is not None:
        return tenant_of_json(record.call_json), record_payload(record.call_json)
    said = {**record.resource, **record.attributes}
    tenant = text(first(record.attributes, TENANT) or first(record.resource, TENANT))
    return tenant, attributes_payload({name: said[name] for name in said.keys() - NO_EVIDENCE})
