"""The recipe for LiteLLM in a real proxy. TOLLBOOK_TEST_LITELLM names its `litellm` command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.servers.api import Api
from tests.servers.fake_openai import BAD_PROMPT, fake_openai
from tests.servers.homes import wait_until
from tests.servers.processes import free_port, wait_for
from tests.servers.tills import Till

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
LITELLM = os.environ.get("TOLLBOOK_TEST_LITELLM", "")
TENANT = "proxied"

pytestmark = pytest.mark.skipif(not LITELLM, reason="TOLLBOOK_TEST_LITELLM names no command")

_KEY = "sk-" + 8 * "4f1c09d2"
_CONFIG = """
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "{provider}", api_key: none}}
litellm_settings:
  callbacks: ["litellm_budgets.budgets", "tollbook"]
  num_retries: 0
callback_settings:
  tollbook:
    callback_type: generic_api
    endpoint: {collector}/v1/litellm
    headers: {{Authorization: Bearer none}}
"""


@pytest.fixture(scope="module")
def proxy(shared_collector_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A proxy with the recipe, in front of a provider on loopback."""
    folder = tmp_path_factory.mktemp("litellm")
    for name in ("litellm_budgets.py", "tollbook_client.py"):
        (folder / name).write_text((RECIPES / name).read_text())
    port = free_port()
    with fake_openai() as provider:
        config = folder / "config.yaml"
        config.write_text(
            _CONFIG.format(provider=provider.base_url, collector=shared_collector_url)
        )
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(folder),
            "TOLLBOOK_URL": shared_collector_url,
            "LITELLM_MASTER_KEY": _KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        command = [LITELLM, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, cwd=folder)
        try:
            wait_for(f"http://127.0.0.1:{port}/health/liveliness", seconds=90)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def till(shared_collector_url: str) -> Iterator[Till]:
    """A client, to look at what came of it."""
    till = Till(shared_collector_url)
    yield till
    till.close()


def _chat(proxy: str, prompt: str) -> urllib3.BaseHTTPResponse:
    body: dict[str, Any] = {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": 500,
        "metadata": {"tenant": TENANT},
    }
    return urllib3.request(
        "POST",
        f"{proxy}/v1/chat/completions",
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {_KEY}"},
        timeout=30.0,
        retries=False,
    )


@pytest.mark.timeout(240)
def test_calls_through_the_proxy_reserve_settle_and_are_refused(proxy: str, till: Till) -> None:
    till.budget(name="proxy", scope={"tenant": TENANT}, amount_usd="0.01", fail="closed")
    api = Api(till.url)

    assert _chat(proxy, "how much is the toll?").status == 200
    wait_until(lambda: bool(api.calls(TENANT)), "the call is booked", seconds=30)
    (call,) = api.calls(TENANT)
    assert till.show(call["reservation_id"]).body["state"] == "booked"
    (budget,) = till.ask("GET", f"/v1/budgets?tenant={TENANT}").body["budgets"]
    assert budget["spent_usd"] == call["cost_usd"]
    assert Decimal(budget["provisional_usd"]) == Decimal(budget["reserved_usd"]) == 0

    assert _chat(proxy, BAD_PROMPT).status == 400
    wait_until(lambda: _reserved(till) == 0, "a failed call gives its hold back", seconds=10)

    till.reserve("0.0096", tenant=TENANT)
    refused = _chat(proxy, "once more")
    assert refused.status == 429
    assert b"proxy" in refused.data
    api.close()


def _reserved(till: Till) -> Decimal:
    (budget,) = till.ask("GET", f"/v1/budgets?tenant={TENANT}").body["budgets"]
    return Decimal(budget["reserved_usd"])
