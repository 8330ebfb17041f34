"""Entries in this process: the fastest place, shared by its threads and tasks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from hermes._mangler import Mangler
from hermes.backend import AbstractLock
from hermes.backend._engine import EngineBackend

__all__ = ["AsyncBackend", "AsyncLock", "Backend", "Lock"]


class Lock(AbstractLock):
    """A lock for use by hand. The engine takes none."""

    def __init__(self, key: str, lock: threading.RLock) -> None:
        super().__init__(key)
        self._lock = lock

    def acquire(self, wait: bool = True) -> bool:
        return self._lock.acquire(blocking=wait)

    def release(self) -> None:
        self._lock.release()


class AsyncLock(AbstractLock):
    """A lock for use by hand in coroutines. The engine takes none."""

    def __init__(self, key: str, lock: asyncio.Lock) -> None:
        super().__init__(key)
        self._lock = lock

    async def acquire(self, wait: bool = True) -> bool:  # type: ignore[override]
        if not wait and self._lock.locked():
            return False
        return await self._lock.acquire()

    async def release(self) -> None:  # type: ignore[override]
        if self._lock.locked():
            self._lock.release()

    def __enter__(self) -> None:
        """Does nothing, as ``with`` cannot wait here."""

    def __exit__(self, *_: object) -> None:
        """Does nothing."""


class Backend(EngineBackend):
    """Entries in this process.

    ``capacity`` bounds how many there are (100,000); beyond it those leave that are used least. Expired entries are never
    served and leave by themselves, so that ``ttlWatchSleep`` has nothing to say and there is no thread to start or to stop.
    """

    def __init__(self, mangler: Mangler, *, ttlWatchSleep: float = 1, **options: Any) -> None:
        super().__init__(mangler, "memory://", options)
        self._lock = threading.RLock()

    def lock(self, key: str) -> AbstractLock:
        """One lock for all keys, for use by hand."""
        return Lock(key, self._lock)

    def dump(self) -> dict[str, Any]:
        """A copy of every value that a call would find, under its key."""
        return {key: value for key, _, _, value in self.engine.entries()}

    def startWatch(self) -> None:
        """Does nothing: nobody needs to watch for what expires."""

    def stopWatch(self) -> None:
        """Does nothing."""


class AsyncBackend(Backend):
    """The same, with a lock that coroutines can wait for."""

    def __init__(self, mangler: Mangler, *, ttlWatchSleep: float = 1, **options: Any) -> None:
        super().__init__(mangler, ttlWatchSleep=ttlWatchSleep, **options)
        self._async_lock = asyncio.Lock()

    def lock(self, key: str) -> AbstractLock:
        return AsyncLock(key, self._async_lock)
