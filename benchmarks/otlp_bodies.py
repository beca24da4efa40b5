"""OTLP bodies as an instrumented app sends them: 512 spans of about 1 KB, 20 attributes each."""

from __future__ import annotations

from random import Random
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

SPANS_A_BODY = 512

_TENANTS = [f"tenant-{number:02d}" for number in range(24)]
_MODELS = ["gpt-5.4", "gpt-5.4-mini", "claude-sonnet-5-5", "gemini-3.8-flash"]
_PROVIDERS = ["openai", "openai", "anthropic", "gcp.gemini"]
_FEATURES = ["support-chat", "search-answers", "code-review", "email-drafts"]


def otlp_body(seed: int, start_unix_nanos: int, spread_seconds: int) -> bytes:
    """One export of one app: a tenant's spans, spread over the seconds after the start."""
    random = Random(seed)
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    _set(resource_spans.resource.attributes, "tenant.id", random.choice(_TENANTS))
    _set(resource_spans.resource.attributes, "service.name", "assistant-api")
    _set(resource_spans.resource.attributes, "deployment.environment.name", "production")
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "opentelemetry.instrumentation.genai.openai"
    for _ in range(SPANS_A_BODY):
        _add_span(random, scope_spans.spans.add(), start_unix_nanos, spread_seconds)
    return bytes(request.SerializeToString())


def _add_span(random: Random, span: Any, start: int, spread_seconds: int) -> None:
    which = random.randrange(len(_MODELS))
    span.trace_id = random.randbytes(16)
    span.span_id = random.randbytes(8)
    span.name = f"chat {_MODELS[which]}"
    begun = start + random.randrange(spread_seconds * 10**6) * 1000
    span.start_time_unix_nano = begun
    duration = int(random.lognormvariate(0, 0.8) * 1e9)
    span.end_time_unix_nano = begun + duration
    values: dict[str, str | float] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDERS[which],
        "gen_ai.request.model": _MODELS[which],
        "gen_ai.response.model": _MODELS[which],
        "gen_ai.response.id": f"chatcmpl-{random.getrandbits(96):024x}",
        "gen_ai.response.finish_reasons": "stop",
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.usage.input_tokens": random.randrange(200, 8000),
        "gen_ai.usage.output_tokens": random.randrange(10, 900),
        "gen_ai.usage.cache_read.input_tokens": random.randrange(0, 200),
        "gen_ai.response.time_to_first_chunk": random.lognormvariate(-1, 0.5),
        "gen_ai.conversation.id": f"conversation-{random.randrange(10**6)}",
        "server.address": "api.example.com",
        "server.port": 443,
        "user.id": f"user-{random.randrange(5000)}",
        "tollbook.feature": random.choice(_FEATURES),
        "gen_ai.output.type": "text",
        "thread.name": "ThreadPoolExecutor-0_3",
        "app.note": "x" * 240,
    }
    for name, value in values.items():
        _set(span.attributes, name, value)


def _set(attributes: Any, name: str, value: str | float) -> None:
    if isinstance(value, str):
        any_value = AnyValue(string_value=value)
    elif isinstance(value, int):
        any_value = AnyValue(int_value=value)
    else:
        any_value = AnyValue(double_value=value)
    attributes.append(KeyValue(key=name, value=any_value))
