"""What a cache keeps its entries in. The base classes are for those who write a backend in Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hermes._mangler import Mangler

__all__ = ["AbstractBackend", "AbstractLock"]


class AbstractLock:
    """Keeps others from computing the same entry. This one keeps nobody from anything."""

    def __init__(self, key: str) -> None:
        self.key = key

    def acquire(self, wait: bool = True) -> bool:
        """Takes the lock, and says whether it did. Without ``wait``, does not wait for whoever holds it."""
        return True

    def release(self) -> None:
        """Gives the lock to the next."""

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class AbstractBackend:
    """Keeps nothing: what is cached in it is computed each time.

    A backend written in Python derives from it. Names of keys come ready-made, values are any object (``mangler.dumps``
    and ``mangler.loads`` make bytes of them), and what it raises costs its callers nothing but the computation.
    """

    def __init__(self, mangler: Mangler) -> None:
        self.mangler = mangler

    def lock(self, key: str) -> AbstractLock:
        """A lock for whoever is about to compute the entry."""
        return AbstractLock(key)

    def save(self, mapping: Mapping[str, Any], *, ttl: int | None = None) -> None:
        """Keeps each value under its key, for ``ttl`` seconds or for good."""

    def load(self, keys: str | Iterable[str]) -> Any:
        """The value of a key, or None. Of several keys, a dict of those that are there."""
        return None if isinstance(keys, str) else {}

    def remove(self, keys: str | Iterable[str]) -> None:
        """Forgets a key, or several."""

    def clean(self) -> None:
        """Forgets all keys."""
