"""What LiteLLM's `generic_api` callback posts (an array, one object or NDJSON), to calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from io import BytesIO

import msgspec

from collector.receivers.array_split import array_elements, malformed
from collector.receivers.evidence import attributes_payload
from collector.receivers.json_density import refuse_many_lines
from collector.receivers.litellm.call import call_of_payload
from collector.receivers.litellm.labels import tenant_of
from collector.receivers.litellm.payload import Evidence, Metadata, Payload, read_object, read_text
from collector.receivers.received import Reading, read_each
from ledger.domain.calls import Call
from ledger.domain.errors import InvalidRecord, UnreadableBody

_payload = msgspec.json.Decoder(Payload)


def read(body: bytes, default_tenant: str | None = None) -> Iterator[Reading]:
    """Read the payloads of one request, in any of the callback's three formats.

    LiteLLM declares all of them as application/json, so the body itself tells which one it is.
    Raises UnreadableBody when it is none.
    """
    read_one = partial(_read, default_tenant=default_tenant)
    return read_each(_records(body), read_one, tenant=_tenant, payload=_payload_kept)


def _records(body: bytes) -> Iterable[bytes]:
    stripped = body.strip()
    if stripped.startswith(b"["):
        return array_elements(stripped)
    if not stripped.startswith(b"{"):
        raise UnreadableBody("the body is none of LiteLLM's: an array, an object or NDJSON")
    try:
        msgspec.json.decode(stripped, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        refuse_many_lines(stripped)
        return (line for line in BytesIO(stripped) if line.strip())
    return [stripped]


def _read(record: bytes, default_tenant: str | None) -> Call | None:
    """The call of one payload; LiteLLM puts null where it could not make a payload."""
    if record.strip() == b"null":
        return None
    try:
        payload = _payload.decode(record)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise InvalidRecord(path.strip("`.") or "record", reason) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRecord("record", malformed(error)) from error
    return call_of_payload(payload, default_tenant)


def _tenant(record: bytes) -> str | None:
    return tenant_of(read_object(_evidence(record).metadata, Metadata))


def _payload_kept(record: bytes) -> str:
    """What of a refused payload is no content."""
    fields = _evidence(record)
    names = zip(Evidence.__struct_fields__, Evidence.__struct_encode_fields__, strict=True)
    kept = {name: read_text(getattr(fields, field)) for field, name in names}
    return attributes_payload({name: said for name, said in kept.items() if said})


def _evidence(record: bytes) -> Evidence:
    evidence: Evidence = read_object(msgspec.Raw(record), Evidence)
    return evidence
