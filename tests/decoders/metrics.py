"""OTLP metrics."""

from __future__ import annotations

from collector.receivers.otlp import metrics
from tests.decoders.whole import Decode

decode_protobuf = Decode("metrics", metrics.read_protobuf)
decode_json = Decode("metrics", metrics.read_json)
