"""Backends as users write them: a dict, in HermesCache 1.2's words and in 0.6's."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import hermes
from hermes.backend import AbstractBackend, AbstractLock


class OneLock(AbstractLock):
    """One for all keys, as HermesCache's backend in process has it. It minds which thread releases it."""

    def __init__(self, key: str, lock: threading.RLock) -> None:
        super().__init__(key)
        self._lock = lock

    def acquire(self, wait: bool = True) -> bool:
        return self._lock.acquire(wait)

    def release(self) -> None:
        self._lock.release()


class DictBackend(AbstractBackend):
    """Keeps pickles in a dict, and writes down what it is asked."""

    def __init__(self, mangler: hermes.Mangler, *, is_down: bool = False) -> None:
        super().__init__(mangler)
        self.kept: dict[str, bytes] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.is_down = is_down
        self._lock = threading.RLock()

    def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        if self.is_down:
            raise OSError("down")

    def lock(self, key: str) -> AbstractLock:
        self._ask("lock", key)
        return OneLock(key, self._lock)

    def save(self, mapping: Mapping[str, Any], *, ttl: int | None = None) -> None:
        self._ask("save", dict(mapping), ttl)
        self.kept.update({key: self.mangler.dumps(value) for key, value in mapping.items()})

    def load(self, keys: str | Iterable[str]) -> Any:
        self._ask("load", keys)
        if isinstance(keys, str):
            data = self.kept.get(keys)
            return None if data is None else self.mangler.loads(data)
        return {key: self.mangler.loads(self.kept[key]) for key in keys if key in self.kept}

    def remove(self, keys: str | Iterable[str]) -> None:
        self._ask("remove", keys)
        for key in [keys] if isinstance(keys, str) else keys:
            self.kept.pop(key, None)

    def clean(self) -> None:
        self._ask("clean")
        self.kept.clear()


class OldBackend(DictBackend):
    """The same with HermesCache 0.6's ``save``."""

    def save(  # type: ignore[override]
        self, key: Any = None, value: Any = None, mapping: Any = None, ttl: int | None = None
    ) -> None:
        super().save(mapping or {key: value}, ttl=ttl)
