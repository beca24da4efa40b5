"""A queue that serves its owners in turn, so that a busy one keeps only itself waiting."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import Generic, NamedTuple, TypeVar

from ledger.domain.errors import Overloaded

T = TypeVar("T")


class _Waiting(NamedTuple, Generic[T]):
    item: T
    size: int


class FairQueue(Generic[T]):
    """Items of several owners; each turn goes to the next owner.

    `most` bounds the sizes of all that were let in and not released. When it is reached, the owners
    whose own items make up more than an equal share are turned away, and the others are still let
    in.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._owners: OrderedDict[str, deque[_Waiting[T]]] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._size = 0
        self._changed = threading.Condition()

    @property
    def size(self) -> int:
        """Size of everything that was let in and not released."""
        return self._size

    def put(self, owner: str, item: T, size: int) -> None:
        """Add an item. Raises Overloaded when its owner has to wait with further ones."""
        with self._changed:
            self._refuse_excess(owner, size)
            self._sizes[owner] = self._sizes.get(owner, 0) + size
            self._size += size
            self._append(owner, item, size)

    def put_back(self, owner: str, item: T, size: int) -> None:
        """Let an item that was taken wait for another turn."""
        with self._changed:
            self._append(owner, item, size)

    def release(self, owner: str, size: int) -> None:
        """Make room: an item that was taken does not come back."""
        with self._changed:
            self._size -= size
            self._sizes[owner] -= size
            if not self._sizes[owner]:
                del self._sizes[owner]

    def wait(self) -> None:
        """Wait until there is something to take."""
        with self._changed:
            while not self._owners:
                self._changed.wait()

    def take(self, most: int) -> list[T]:
        """Wait for items and take them, one an owner in turn, until their sizes reach `most`.

        They take up room until they are released.
        """
        with self._changed:
            while not self._owners:
                self._changed.wait()
            taken: list[T] = []
            size = 0
            while self._owners and size < most:
                waiting = self._next()
                taken.append(waiting.item)
                size += waiting.size
            return taken

    def _next(self) -> _Waiting[T]:
        owner, queue = self._owners.popitem(last=False)
        waiting = queue.popleft()
        if queue:
            self._owners[owner] = queue
        return waiting

    def _append(self, owner: str, item: T, size: int) -> None:
        self._owners.setdefault(owner, deque()).append(_Waiting(item, size))
        self._changed.notify()

    def _refuse_excess(self, owner: str, size: int) -> None:
        """An item that finds nothing else of its owner's is let in, however large it is."""
        own = self._sizes.get(owner, 0)
        if not own or self._size + size <= self._most:
            return
        share = self._most // len(self._sizes)
        if own + size > share:
            raise Overloaded
