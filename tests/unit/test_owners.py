"""Whose turn a body takes is guessed from its start, in every format that names tenants."""

from __future__ import annotations

import json

import pytest

from collector.api.owners import owner_of
from tests.unit.receivers.otlp import a_span, json_request, protobuf_request


@pytest.mark.parametrize("attribute", ["tenant.id", "tollbook.tenant"])
def test_a_protobuf_body_names_its_tenant(attribute: str) -> None:
    span = a_span({"tenant.id": None}, resource={attribute: "acme"})
    assert owner_of(protobuf_request(span)) == "acme"


@pytest.mark.parametrize("attribute", ["tenant.id", "tollbook.tenant"])
def test_otlp_as_json_names_its_tenant(attribute: str) -> None:
    span = a_span({"tenant.id": None}, resource={attribute: "acme"})
    assert owner_of(json_request(span)) == "acme"


def test_calls_as_json_name_their_tenant() -> None:
    assert owner_of(json.dumps([{"id": "a", "tenant": "acme"}]).encode()) == "acme"


@pytest.mark.parametrize("body", [b"", b"\x1f\x8b\x08garbage", b"{}", b"[1,2]", b"\xff" * 100])
def test_a_body_that_names_none_waits_with_all_others_that_do_not(body: bytes) -> None:
    assert owner_of(body) == ""


def test_only_the_start_is_looked_at() -> None:
    assert owner_of(b" " * 10_000 + b'{"tenant": "acme"}') == ""
