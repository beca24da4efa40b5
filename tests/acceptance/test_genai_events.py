"""A real instrumentation that emits its calls as events: each is one call, without content."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.receivers.received import Received
from ledger.domain.usage import NO_USAGE, Usage
from tests.decoders.logs import decode_protobuf
from tests.servers.fake_openai import CHAT_MODEL, fake_openai

_REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def received() -> Received:
    """What the receiver makes of one run of the SDK, content captured."""
    with fake_openai() as provider:
        environment = {
            **os.environ,
            "OPENAI_API_KEY": "any",
            "OPENAI_BASE_URL": provider.base_url,
            "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT": "true",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY",
            "OTEL_RESOURCE_ATTRIBUTES": "tenant.id=acme,service.name=assistant-api",
        }
        ran = subprocess.run(
            [sys.executable, "-m", "tests.acceptance.clients.genai_events"],
            cwd=_REPOSITORY,
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
        )
    assert b"What is the toll?" in ran.stdout
    return decode_protobuf(ran.stdout)


def test_an_answered_request_is_one_call_of_its_span(received: Received) -> None:
    answered, _ = received.calls
    assert (answered.tenant, answered.service) == ("acme", "assistant-api")
    assert (answered.model, answered.request_model) == (CHAT_MODEL, "gpt-4o-mini")
    assert answered.usage == Usage(
        input_tokens=176, cache_read_tokens=1024, output_tokens=212, reasoning_tokens=128
    )
    assert answered.response_id is not None
    assert answered.trace_id is not None
    assert (answered.span_id, answered.parent_span_id is not None) == (None, True)


def test_a_refused_request_is_a_failed_call(received: Received) -> None:
    _, refused = received.calls
    assert (refused.status, refused.usage) == ("error", NO_USAGE)
    assert refused.error_type is not None


def test_captured_content_goes_no_further(received: Received) -> None:
    assert not received.refusals
    assert "toll" not in repr(received)
