"""What a check finds, and what to do about it."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["ok", "wrong", "unknown"]


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's report."""

    check: str
    state: State
    found: str
    advice: str = ""
    """What to do; only where something is wrong."""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def wrong(check: str, found: str, advice: str) -> Finding:
    """Something has to be done."""
    return Finding(check, "wrong", found, advice)


def unknown(check: str) -> Finding:
    """It could not be looked at, because of something that is reported as wrong itself."""
    return Finding(check, "unknown", "could not be checked")
