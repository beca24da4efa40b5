"""What is wrong with a file, said once and not at every look."""

from __future__ import annotations

import logging
from collections.abc import Sequence

log = logging.getLogger(__name__)


class Complaints:
    """Files that cannot be read, and why."""

    def __init__(self) -> None:
        self._by_path: dict[str, str] = {}

    def say(self, path: str, what: str) -> None:
        """Log what is wrong with a file unless that is known."""
        if self._by_path.get(path) != what:
            self._by_path[path] = what
            log.warning("%s %s", path, what)

    def settle(self, path: str) -> None:
        """Nothing is wrong with a file any more."""
        if self._by_path.pop(path, None) is not None:
            log.info("%s can be read now", path)

    def about(self, paths: Sequence[str]) -> list[str]:
        """What is wrong with these files, if anything is."""
        return [f"{path} {self._by_path[path]}" for path in paths if path in self._by_path]
