"""The turn: whoever books has it, one after the other."""

from __future__ import annotations

TURN = "pg_advisory_xact_lock(hashtextextended('tollbook.lane', 0))"
"""Waits until all bookings before ours have ended; the turn is ours until the transaction ends."""
