"""Names of reservations: by time where we give them, by what their sender says where it names them.

A sender that never heard the answer asks again under the same name, and holds once.
"""

from __future__ import annotations

import secrets
import time
from uuid import UUID, uuid5

_SENDERS = UUID("8f3c1f5e-0b6f-4d0a-9a64-3f5a3f0e7c11")
_VERSION_AND_VARIANT = 7 << 76 | 2 << 62


def new_name() -> UUID:
    """A UUID of version 7: new ones sort last, so an index of them grows at its end."""
    random = secrets.randbits(74)
    milliseconds = time.time_ns() // 1_000_000
    return UUID(
        int=milliseconds << 80 | (random >> 62) << 64 | random & (2**62 - 1) | _VERSION_AND_VARIANT
    )


def name_for(tenant: str, key: str) -> UUID:
    """The name of the reservation that a tenant's idempotency key stands for."""
    return uuid5(_SENDERS, f"{tenant}\x00{key}")
