"""OTLP traces."""

from __future__ import annotations

from collector.receivers.otlp import traces
from tests.decoders.whole import Decode

decode_protobuf = Decode("traces", traces.read_protobuf)
decode_json = Decode("traces", traces.read_json)
