"""A product with an `anthropic` client; `python -m` it with an instrumentation or `alone`.

Everything is at its defaults and set up by OTEL_* and ANTHROPIC_* variables only. It makes its
requests, exports their spans and ends.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from anthropic import Anthropic, RateLimitError
from anthropic.types import MessageParam
from openinference.instrumentation.anthropic import AnthropicInstrumentor as OpenInference
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor as Traceloop
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tests.servers.fake_anthropic import REFUSED_PROMPT, UNCACHED_PROMPT

_MODEL = "claude-sonnet-4-5"
_INSTRUMENTATIONS: dict[str, Callable[[], object]] = {
    "alone": lambda: None,
    "openinference": lambda: OpenInference().instrument(),
    "traceloop": lambda: Traceloop().instrument(),
}


def main(instrumentation: str) -> None:
    """Make the requests and export."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    _INSTRUMENTATIONS[instrumentation]()
    _make_requests(Anthropic(max_retries=0))
    if not provider.force_flush():
        sys.exit("the spans could not be exported")
    provider.shutdown()


def _make_requests(client: Anthropic) -> None:
    """One of each kind: plain, without a cache, streamed twice, counted, refused."""
    ask = client.messages.create
    ask(model=_MODEL, max_tokens=1000, messages=_saying("What is the toll?"))
    ask(model=_MODEL, max_tokens=1000, messages=_saying(UNCACHED_PROMPT))
    for _ in ask(model=_MODEL, max_tokens=1000, messages=_saying("By word?"), stream=True):
        pass
    with client.messages.stream(
        model=_MODEL, max_tokens=1000, messages=_saying("By word again?")
    ) as stream:
        stream.get_final_message()
    client.messages.count_tokens(model=_MODEL, messages=_saying("How long is it?"))
    with suppress(RateLimitError):
        ask(model=_MODEL, max_tokens=1000, messages=_saying(REFUSED_PROMPT))
        sys.exit("the provider did not refuse")


def _saying(prompt: str) -> list[MessageParam]:
    return [{"role": "user", "content": prompt}]


if __name__ == "__main__":
    main(sys.argv[1])
