"""Who asks, and which tenants they may see."""

from __future__ import annotations

from typing import Literal

import msgspec

EVERY_TENANT: Literal["*"] = "*"


class Principal(msgspec.Struct, frozen=True):
    """A person or a service behind a request."""

    name: str
    tenants: tuple[str, ...] | Literal["*"]
    """The tenants whose rows it may see; row security holds every query to them."""


LOCAL_OPERATOR = Principal("local operator", EVERY_TENANT)
"""Whoever reaches a loopback address while authentication is off."""
