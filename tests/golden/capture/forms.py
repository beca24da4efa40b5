"""One form of request: what to do, and what the provider will have served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Served(NamedTuple):
    """The provider's own account of its answer; the truth that a golden file is held against."""

    status: int
    model: str | None
    usage: dict[str, int] | None
    """Disjoint tokens; None when the provider did not say."""


class Form(NamedTuple):
    """A request by name."""

    name: str
    served: Served
    make: Callable[[], Any]
