"""OTLP logs."""

from __future__ import annotations

from collector.receivers.otlp import logs
from tests.decoders.whole import Decode

decode_protobuf = Decode("logs", logs.read_protobuf)
decode_json = Decode("logs", logs.read_json)
