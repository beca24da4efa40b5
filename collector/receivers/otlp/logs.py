"""POST /v1/logs: OTLP/HTTP, protobuf and JSON, to calls. What tells of no call is ignored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from collector.receivers import wire_density
from collector.receivers.dialects.fields import first, text
from collector.receivers.evidence import attributes_payload, record_payload
from collector.receivers.evidence import tenant_of as tenant_of_json
from collector.receivers.json_density import refuse_dense
from collector.receivers.otlp.log_calls import read_call
from collector.receivers.otlp.log_record import LogRecord
from collector.receivers.otlp.logs_json import records_of_json
from collector.receivers.otlp.logs_protobuf import records_of_protobuf
from collector.receivers.received import Reading, read_each
from collector.receivers.semconv import NO_EVIDENCE, TENANT
from ledger.domain.errors import InvalidRecord, UnreadableBody


def read_protobuf(body: bytes, default_tenant: str | None = None) -> Iterator[Reading]:
    """Read an ExportLogsServiceRequest. Raises UnreadableBody when it is none."""
    wire_density.refuse_dense(body)
    return _readings(records_of_protobuf(body), default_tenant)


def read_json(body: bytes, default_tenant: str | None = None) -> Iterator[Reading]:
    """Read an ExportLogsServiceRequest in OTLP's JSON. Raises UnreadableBody when it is none."""
    refuse_dense(body)
    try:
        return _readings(records_of_json(body), default_tenant)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableBody(f"the body is no ExportLogsServiceRequest in JSON: {error}") from error


def _readings(
    records: Iterable[LogRecord | InvalidRecord], default_tenant: str | None
) -> Iterator[Reading]:
    read = partial(read_call, default_tenant=default_tenant)
    return read_each(records, read, tenant=_tenant, payload=_evidence)


def _tenant(record: LogRecord) -> str | None:
    if record.call_json is not None:
        return tenant_of_json(record.call_json)
    return text(first(record.attributes, TENANT) or first(record.resource, TENANT))


def _evidence(record: LogRecord) -> str:
    """What of a refused record can be kept."""
    if record.call_json is not None:
        return record_payload(record.call_json)
    said = {**record.resource, **record.attributes}
    return attributes_payload({name: said[name] for name in said.keys() - NO_EVIDENCE})
