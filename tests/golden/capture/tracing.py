"""A product's tracing as the SDKs' own pages set it up: every span goes to one OTLP receiver."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


def trace_to(url: str, **of_resource: str) -> None:
    """Make the process's tracer provider; a tenant may stand on the resource."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": "assistant-api", **of_resource})
    )
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
