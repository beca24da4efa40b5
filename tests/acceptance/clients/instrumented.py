"""A product with an instrumented `openai` client; `python -m` it with the instrumentation's name.

Everything is at its defaults and set up by OTEL_* and OPENAI_* variables only. It makes its
requests, exports their spans and says `exported`; told `again`, it exports the very same spans a
second time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from openai import OpenAI, RateLimitError
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as OpenTelemetry
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.servers.fake_openai import REFUSED_PROMPT

_INSTRUMENTATIONS: dict[str, Callable[[], object]] = {
    "opentelemetry": lambda: OpenTelemetry().instrument(),
    "openinference": lambda: OpenInference().instrument(),
}


def main(instrumentation: str) -> None:
    """Make the requests, export, and export again when told to."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    made = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(made))
    trace.set_tracer_provider(provider)
    _INSTRUMENTATIONS[instrumentation]()
    _make_requests(OpenAI(max_retries=0))
    if not provider.force_flush():
        sys.exit("the spans could not be exported")
    _say("exported")
    if sys.stdin.readline().strip() == "again":
        _export(list(made.get_finished_spans()))
        _say("exported again")
    provider.shutdown()


def _make_requests(client: OpenAI) -> None:
    """One of each kind: plain, streamed with and without usage, embeddings, refused."""
    client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "What is the toll?"}]
    )
    for _ in client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "What is the toll, word by word?"}],
        stream=True,
        stream_options={"include_usage": True},
    ):
        pass
    for _ in client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "And without a bill?"}],
        stream=True,
    ):
        pass
    client.embeddings.create(model="text-embedding-3-small", input=["toll", "book"])
    with suppress(RateLimitError):
        client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": REFUSED_PROMPT}]
        )
        sys.exit("the provider did not refuse")


def _export(spans: list[ReadableSpan]) -> None:
    exporter = OTLPSpanExporter()
    if exporter.export(spans) is not SpanExportResult.SUCCESS:
        sys.exit("the spans could not be exported again")
    exporter.shutdown()  # type: ignore[no-untyped-call]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
