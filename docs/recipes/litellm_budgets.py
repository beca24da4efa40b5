"""Budgets of Tollbook in front of every call of a LiteLLM proxy. Copy it beside tollbook_client.py.

    # config.yaml
    litellm_settings:
      callbacks: ["litellm_budgets.budgets", "tollbook"]   # and the callback of docs/sending.md

Before a call the proxy asks Tollbook for what it will cost at most, and answers 429 when a budget
refuses. Afterwards it says what the call cost. The tenant is the one that Tollbook's callback reads
as well: `tenant` in the request's metadata, or else the team of the key.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import litellm
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger
from tollbook_client import Denied, Tollbook, Unavailable

_USUAL_OUTPUT_TOKENS = 1_000
"""Of calls that set no limit of their own."""
_TTL_SECONDS = 900
_RESERVATION = "reservation_id"


class Budgets(CustomLogger):
    """Reserves before a call and settles after it."""

    def __init__(self, tollbook: Tollbook) -> None:
        super().__init__()
        self._tollbook = tollbook

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any
    ) -> dict[str, Any]:
        """Reserve, or refuse the call."""
        said = _said(data)
        key = user_api_key_dict
        try:
            held = await asyncio.to_thread(
                self._tollbook.reserve,
                said.get("tenant") or said.get("tenant_id") or key.team_alias or key.team_id,
                user=said.get("user") or key.end_user_id or key.user_id,
                ttl_seconds=_TTL_SECONDS,
                **_price(data),
            )
        except Denied as denied:
            raise HTTPException(
                429, {"error": str(denied), "retry_at": denied.retry_at}
            ) from denied
        except Unavailable as unavailable:
            raise HTTPException(503, {"error": str(unavailable)}) from unavailable
        # Where Tollbook's callback looks for it, so that the call takes the reservation's place.
        said[_RESERVATION] = held.reservation_id
        return data

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Settle; without a price the call itself will say what it cost."""
        name = _said(kwargs.get("litellm_params") or {}).get(_RESERVATION)
        cost = kwargs.get("response_cost")
        if name and cost is not None:
            await _quietly(self._tollbook.settle, name, f"{cost:.12f}")

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """Give back: LiteLLM tries no more."""
        name = _said(request_data).get(_RESERVATION)
        if name:
            await _quietly(self._tollbook.release, name)


def _price(data: dict[str, Any]) -> dict[str, Any]:
    """What the call may take at most: its price where LiteLLM knows one, else its tokens."""
    model = str(data.get("model", ""))
    asked = litellm.token_counter(
        model=model, messages=data.get("messages"), text=data.get("input") or data.get("prompt")
    )
    answered = data.get("max_completion_tokens") or data.get("max_tokens") or _USUAL_OUTPUT_TOKENS
    try:
        parts = litellm.cost_per_token(model=model, prompt_tokens=asked, completion_tokens=answered)
    except Exception:  # noqa: BLE001 - its list of prices has no such model, or no sound price
        usage = {"input_tokens": asked, "output_tokens": answered}
        return {"model": model, "usage": usage}
    return {"model": model, "amount_usd": f"{sum(parts):.12f}", "amount_tokens": asked + answered}


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """What the caller said about its request; LiteLLM keeps it under one of two names."""
    of_request = "litellm_metadata" if data.get("litellm_metadata") else "metadata"
    if data.get(of_request) is None:
        data[of_request] = {}
    if data[of_request].get("requester_metadata") is None:
        data[of_request]["requester_metadata"] = {}
    said: dict[str, Any] = data[of_request]["requester_metadata"]
    return said


async def _quietly(ask: Any, *arguments: str) -> None:
    """A call that was made does not fail for this: its hold ends, and its cost comes with it."""
    try:
        await asyncio.to_thread(ask, *arguments)
    except (Unavailable, ValueError):
        litellm.verbose_logger.warning("Tollbook could not be told of a call")


budgets = Budgets(Tollbook(os.environ.get("TOLLBOOK_URL", "http://127.0.0.1:4318")))
