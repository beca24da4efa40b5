"""Where an SDK itself loses or bends what the provider served: no reading can bring it back."""

from __future__ import annotations

Tokens = dict[str, int]

_ALL_WRITES_ALIKE: Tokens = {"cache_write_5m_tokens": 700, "cache_write_1h_tokens": 0}
_ALL_WRITES_ALIKE_IN_STREAM: Tokens = {"cache_write_5m_tokens": 50, "cache_write_1h_tokens": 0}
_REASONING_IN_OUTPUT: Tokens = {"output_tokens": 340, "reasoning_tokens": 0}
_REASONING_IN_OUTPUT_OF_STREAM: Tokens = {"output_tokens": 77, "reasoning_tokens": 0}
_NOTHING_OF_CACHES: Tokens = {
    "input_tokens": 1200,
    "cache_read_tokens": 0,
    **_REASONING_IN_OUTPUT,
}
_NOTHING: Tokens = dict.fromkeys(
    ("input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens"), 0
)
_ONE_TOO_MANY: Tokens = {**_ALL_WRITES_ALIKE_IN_STREAM, "output_tokens": 78}

LOSSES: dict[str, dict[str, Tokens]] = {
    "openinference_anthropic/plain": {"openinference": _ALL_WRITES_ALIKE},
    "openinference_anthropic/tool_use": {"openinference": _ALL_WRITES_ALIKE},
    "openinference_anthropic/streamed": {"openinference": _ALL_WRITES_ALIKE_IN_STREAM},
    "openinference_anthropic/streamed_by_helper": {"openinference": _ALL_WRITES_ALIKE_IN_STREAM},
    "openlit_anthropic/plain": {"openlit": _ALL_WRITES_ALIKE},
    "openlit_anthropic/tool_use": {"openlit": _ALL_WRITES_ALIKE},
    "openlit_anthropic/streamed": {"openlit": _ALL_WRITES_ALIKE_IN_STREAM},
    "openlit_anthropic/streamed_by_helper": {"openlit": _ALL_WRITES_ALIKE_IN_STREAM},
    "openlit_openai/plain": {"openlit": _REASONING_IN_OUTPUT},
    "openlit_openai/tool_use": {"openlit": _REASONING_IN_OUTPUT},
    "openlit_openai/streamed": {"openlit": _REASONING_IN_OUTPUT_OF_STREAM},
    "traceloop_anthropic/plain": {"traceloop": _ALL_WRITES_ALIKE},
    "traceloop_anthropic/tool_use": {"traceloop": _ALL_WRITES_ALIKE},
    "traceloop_anthropic/streamed": {"traceloop": _ONE_TOO_MANY},
    "traceloop_anthropic/streamed_by_helper": {"traceloop": _ONE_TOO_MANY},
    "traceloop_old/plain": {"traceloop": _NOTHING_OF_CACHES},
    "traceloop_old/tool_use": {"traceloop": _NOTHING_OF_CACHES},
    "traceloop_old/streamed": {"traceloop": _NOTHING},
    "traceloop_openai/streamed": {"traceloop": _REASONING_IN_OUTPUT_OF_STREAM},
}
"""Tokens that differ from what was served, by golden file and dialect; 0 is not told."""
