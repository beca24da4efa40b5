"""Calls in our own words."""

from __future__ import annotations

from collector.receivers import calls_json
from tests.decoders.whole import Decode

decode_json = Decode("calls", calls_json.read_json)
decode_ndjson = Decode("calls", calls_json.read_ndjson)
