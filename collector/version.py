"""The version of this Tollbook."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("tollbook")
