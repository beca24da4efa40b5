from __future__ import annotations

import json

import pytest

from collector.receivers.evidence import attributes_payload, record_payload, tenant_of


def test_long_texts_are_cut_and_the_whole_is_bounded() -> None:
    payload = attributes_payload({f"name-{n}": "x" * 1000 for n in range(100)})
    assert len(payload) == 4096
    assert "x" * 200 in payload
    assert "x" * 201 not in payload


def test_attributes_are_in_the_order_of_their_names() -> None:
    assert attributes_payload({"b": 1, "a": "x"}) == '{"a": "x", "b": 1}'


def test_only_fields_of_the_contract_are_kept() -> None:
    payload = record_payload(b'{"tenant": "acme", "messages": ["hi"], "temperature": 1}')
    assert json.loads(payload) == {"tenant": "acme"}


@pytest.mark.parametrize("record", [b"not json", b"\xff", b"[]", b"3", b"", b"[" * 100_000])
def test_of_an_unreadable_record_only_the_size_is_kept(record: bytes) -> None:
    assert json.loads(record_payload(record)) == {"unreadable_bytes": len(record)}
    assert tenant_of(record) is None


@pytest.mark.parametrize(
    ("record", "tenant"),
    [(b'{"tenant": "acme"}', "acme"), (b'{"tenant": 5}', None), (b"{}", None), (b'"acme"', None)],
)
def test_the_tenant_is_read_where_it_can_be(record: bytes, tenant: str | None) -> None:
    assert tenant_of(record) == tenant
