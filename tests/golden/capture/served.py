"""What the fake providers serve: the truth that golden files are held against."""

from __future__ import annotations

from tests.golden.capture.forms import Served
from tests.servers import fake_anthropic, fake_openai

CHAT = Served(
    200,
    fake_openai.CHAT_MODEL,
    {"input_tokens": 176, "cache_read_tokens": 1024, "output_tokens": 212, "reasoning_tokens": 128},
)
STREAM = Served(
    200,
    fake_openai.CHAT_MODEL,
    {"input_tokens": 465, "cache_read_tokens": 1536, "output_tokens": 64, "reasoning_tokens": 13},
)
EMBEDDINGS = Served(200, fake_openai.EMBEDDINGS_MODEL, {"input_tokens": 811})
UNTOLD = Served(200, fake_openai.CHAT_MODEL, None)

ANTHROPIC_CHAT = Served(
    200,
    fake_anthropic.CHAT_MODEL,
    {
        "input_tokens": 176,
        "cache_read_tokens": 1024,
        "cache_write_5m_tokens": 300,
        "cache_write_1h_tokens": 400,
        "output_tokens": 340,
    },
)
ANTHROPIC_UNCACHED = Served(
    200, fake_anthropic.CHAT_MODEL, {"input_tokens": 95, "output_tokens": 21}
)
ANTHROPIC_STREAM = Served(
    200,
    fake_anthropic.CHAT_MODEL,
    {
        "input_tokens": 465,
        "cache_read_tokens": 1536,
        "cache_write_5m_tokens": 20,
        "cache_write_1h_tokens": 30,
        "output_tokens": 77,
    },
)

LEFT = Served(200, fake_anthropic.CHAT_MODEL, None)
RATE_LIMITED = Served(429, None, None)
BAD_REQUEST = Served(400, None, None)
NO_CALL = Served(200, None, None)
