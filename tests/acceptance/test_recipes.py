"""The recipes in docs/recipes do what their page says, against a real collector."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.servers.processes import free_port
from tests.servers.tills import Till

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


def recipe(name: str) -> ModuleType:
    """A module of docs/recipes."""
    spec = importlib.util.spec_from_file_location(name, RECIPES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def client() -> Any:
    """The small client."""
    return recipe("tollbook_client")


@pytest.fixture
def till(shared_collector_url: str) -> Iterator[Till]:
    """Another client, to look at what came of it."""
    till = Till(shared_collector_url)
    yield till
    till.close()


def test_the_client_holds_settles_and_gives_back(client: Any, till: Till) -> None:
    till.budget(name="held", scope={"tenant": "held"}, amount_usd="1")
    tollbook = client.Tollbook(till.url)

    with tollbook.hold("held", amount_usd="0.4", model="gpt-4o-mini") as settled:
        settled.settle("0.1")
    with tollbook.hold("held", amount_usd="0.4", model="gpt-4o-mini") as unsettled:
        pass

    assert till.show(settled.reservation_id).body["settled_usd"] == "0.1"
    assert till.show(unsettled.reservation_id).body["state"] == "released"
    with pytest.raises(client.Denied) as denied:
        tollbook.reserve("held", amount_usd="2")
    assert denied.value.denied_by == "held"
    assert denied.value.remaining_usd == "0.9"


def test_the_client_says_what_is_wrong(client: Any, till: Till) -> None:
    with pytest.raises(ValueError, match="feature_name"):
        client.Tollbook(till.url).reserve("wrong", amount_usd="1", feature_name="search")
    with pytest.raises(client.Unavailable):
        client.Tollbook(f"http://127.0.0.1:{free_port()}").reserve("wrong", amount_usd="1")
