"""A product whose instrumentation emits GenAI events; `python -m` it with OTEL_* and OPENAI_* set.

It makes a plain and a refused request and writes what an exporter would post to
/v1/logs to standard output.
"""

from __future__ import annotations

import sys
from contextlib import suppress

# OpenTelemetry's logs have no names without an underscore yet.
from openai import OpenAI, RateLimitError
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs  # noqa: PLC2701
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC2701
from opentelemetry.sdk._logs.export import (  # noqa: PLC2701
    InMemoryLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.trace import TracerProvider

from tests.servers.fake_openai import REFUSED_PROMPT


def main() -> None:
    """Make the requests and write the events."""
    made = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    loggers = LoggerProvider()
    loggers.add_log_record_processor(SimpleLogRecordProcessor(made))
    OpenAIInstrumentor().instrument(tracer_provider=TracerProvider(), logger_provider=loggers)
    client = OpenAI(max_retries=0)
    _chat(client, "What is the toll?")
    with suppress(RateLimitError):
        _chat(client, REFUSED_PROMPT)
    sys.stdout.buffer.write(encode_logs(made.get_finished_logs()).SerializeToString())


def _chat(client: OpenAI, prompt: str) -> None:
    client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}]
    )


if __name__ == "__main__":
    main()
