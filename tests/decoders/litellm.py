"""What LiteLLM's callback posts."""

from __future__ import annotations

from collector.receivers.litellm import callback
from tests.decoders.whole import Decode

decode = Decode("litellm", callback.read)
