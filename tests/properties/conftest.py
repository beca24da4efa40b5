"""Property tests are the same in every run and keep no database of examples."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("tollbook", deadline=None, derandomize=True, database=None)
settings.load_profile("tollbook")
