"""Serves cached functions from a backend written in Python, with the promises that one process can keep.

One computation for each missing key, and none that an invalidation has overtaken is saved. Between processes it does what
the backend's locks do. The sequence is HermesCache's: load, lock, load, compute, save.
"""

from __future__ import annotations

import inspect
import threading
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple

from hermes import _core
from hermes._errors import HermesError
from hermes._flights import Flight, Flights, Landing, leading
from hermes._mangler import Mangler
from hermes._steps import Ask, Compute, Steps, Wait, run, run_async
from hermes.backend import AbstractBackend, AbstractLock

#: How long a call waits for another's computation.
_PATIENCE_S = 60.0

#: Who has seen so many computations come to nothing computes for itself.
_LOST_AT_MOST = 2

_COUNTED = ("hits", "misses", "computations", "waits", "errors", "fenced_commits")


class _Down(Exception):
    """The backend raised something."""


class _Found(NamedTuple):
    """What the backend has for a call."""

    value: Any
    #: The versions of those of its tags that have one.
    versions: Mapping[str, str]


class _Entry(NamedTuple):
    """Where a call's value is kept."""

    key: str
    tags: Sequence[str]
    tag_keys: Sequence[str]


class Driver:
    """What `hermes._core` asks instead of an engine."""

    def __init__(self, backend: AbstractBackend, mangler: Mangler) -> None:
        self._backend = backend
        self._mangler = mangler
        self._save = _saving(backend)
        self._flights = Flights()
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()

    def get(self, call: _core.Call) -> Any:
        return run(self._get(call))

    def refresh(self, call: _core.Call) -> Any:
        return run(self._refresh(call))

    def peek(self, call: _core.Call) -> Any:
        return run(self._peek(call))

    def invalidate(self, call: _core.Call) -> None:
        run(self._invalidate(call))

    def clean(self, tags: Sequence[str] | None) -> None:
        run(self._clean(tags))

    def key(self, call: _core.Call) -> str:
        return self._entry(call).key

    def clear(self, cached: _core.Cached[..., Any]) -> None:
        raise HermesError("this backend cannot tell which entries are of one function; give them a tag, and clean that")

    def get_async(self, call: _core.Call) -> Awaitable[Any]:
        return run_async(self._get(call))

    def refresh_async(self, call: _core.Call) -> Awaitable[Any]:
        return run_async(self._refresh(call))

    def peek_async(self, call: _core.Call) -> Awaitable[Any]:
        return run_async(self._peek(call))

    def invalidate_async(self, call: _core.Call) -> Awaitable[None]:
        return run_async(self._invalidate(call))

    def clean_async(self, tags: Sequence[str] | None) -> Awaitable[None]:
        return run_async(self._clean(tags))

    async def clear_async(self, cached: _core.Cached[..., Any]) -> None:
        self.clear(cached)

    def stats(self) -> dict[str, int]:
        with self._counting:
            return {what: self._counts[what] for what in _COUNTED}

    def _get(self, call: _core.Call) -> Steps[Any]:
        try:
            entry = self._entry(call)
        except HermesError as error:
            warnings.warn(f"a call is not cached: {error}", RuntimeWarning, stacklevel=4)
            return (yield from self._compute(call))
        lost = 0
        while True:
            try:
                found = yield from self._look(entry)
            except _Down:
                found = None
            if found is not None and found.value is not None:
                self._count("hits")
                return found.value
            flight, is_mine = self._flights.take_off_or_join(entry.key, entry.tags)
            if flight is None or lost == _LOST_AT_MOST:
                return (yield from self._compute(call))
            if is_mine:
                self._count("misses")
                return (yield from self._lead(call, entry, flight))
            self._count("waits")
            landing = yield Wait(flight.landing, _PATIENCE_S)
            if landing is Landing.LOST:
                lost += 1
            elif landing is not Landing.SAVED:
                return (yield from self._compute(call))

    def _refresh(self, call: _core.Call) -> Steps[Any]:
        entry = self._entry(call)
        flight = self._flights.take_off_by_force(entry.key, entry.tags)
        return (yield from self._lead(call, entry, flight, anew=True))

    def _peek(self, call: _core.Call) -> Steps[Any]:
        try:
            return (yield from self._look(self._entry(call))).value
        except _Down:
            return None

    def _invalidate(self, call: _core.Call) -> Steps[None]:
        entry = self._entry(call)
        yield from self._settle(self._flights.fence(key=entry.key))
        key: str | None = entry.key
        if entry.tags:
            versions = yield Ask(self._backend.load, entry.tag_keys)
            key = self._stamped(entry, versions)
        if key is not None:
            yield Ask(self._backend.remove, key)

    def _clean(self, tags: Sequence[str] | None) -> Steps[None]:
        yield from self._settle(self._flights.fence(tags=tags))
        if tags is None:
            yield Ask(self._backend.clean)
        else:
            yield Ask(self._backend.remove, tuple(map(self._mangler.nameTag, tags)))

    def _settle(self, saving: Sequence[Future[None]]) -> Steps[None]:
        """Waits for those who are saving at this moment, so that what is removed next includes what they save."""
        for saved in saving:
            yield Wait(saved, _PATIENCE_S)

    def _entry(self, call: _core.Call) -> _Entry:
        key = call.name
        if key is None:
            key = self._mangler.nameEntry(call.function, *call.args, **call.kwargs)
        return _Entry(key, call.tags, tuple(map(self._mangler.nameTag, call.tags)))

    def _stamped(self, entry: _Entry, versions: Mapping[str, str]) -> str | None:
        """The key of the value under these versions, None if one is absent."""
        if not entry.tags:
            return entry.key
        if any(tag not in versions for tag in entry.tag_keys):
            return None
        return f"{entry.key}:{self._mangler.hashTags({tag: versions[tag] for tag in entry.tag_keys})}"

    def _look(self, entry: _Entry) -> Steps[_Found]:
        versions: Mapping[str, str] = {}
        if entry.tags:
            versions = yield from self._ask(self._backend.load, entry.tag_keys)
        key = self._stamped(entry, versions)
        if key is None:
            return _Found(None, versions)
        return _Found((yield from self._ask(self._backend.load, key)), versions)

    def _lead(self, call: _core.Call, entry: _Entry, flight: Flight, *, anew: bool = False) -> Steps[Any]:
        landing = Landing.LOST
        with leading(entry.key):
            lock = yield from self._locked(entry.key)
            try:
                try:
                    found = yield from self._look(entry)
                    if found.value is not None and not anew:
                        landing = Landing.SAVED
                        return found.value
                    # Versions before the computation: a clean that comes meanwhile must win.
                    key = yield from self._stamp(entry, found.versions)
                except _Down:
                    key = None
                value = yield from self._compute(call)
                landing = yield from self._keep(call, flight, key, value)
                return value
            finally:
                self._flights.land(flight, landing)
                yield from self._unlock(lock)

    def _stamp(self, entry: _Entry, versions: Mapping[str, str]) -> Steps[str | None]:
        """The key to save under, with a version for each tag."""
        absent = [tag for tag in entry.tag_keys if tag not in versions]
        if absent:
            new = self._mangler.mapTags(absent)
            yield from self._ask(self._save, new)
            versions = {**versions, **new}
        return self._stamped(entry, versions)

    def _compute(self, call: _core.Call) -> Steps[Any]:
        self._count("computations")
        return (yield Compute(call.function, call.args, call.kwargs))

    def _keep(self, call: _core.Call, flight: Flight, key: str | None, value: Any) -> Steps[Landing]:
        ttl = call.ttl
        if callable(ttl):
            ttl = ttl(value, call.function, *call.args, **call.kwargs)
        if key is None or value is None or (ttl is not None and ttl <= 0):
            return Landing.NOT_KEPT
        if not self._flights.may_save(flight):
            self._count("fenced_commits")
            return Landing.LOST
        try:
            yield from self._ask(self._save, {key: value}, ttl=ttl)
        except _Down:
            return Landing.NOT_KEPT
        finally:
            self._flights.has_saved(flight)
        return Landing.SAVED

    def _locked(self, key: str) -> Steps[AbstractLock | None]:
        try:
            lock: AbstractLock = yield from self._ask(self._backend.lock, key)
            yield from self._ask(lock.acquire, True)
        except _Down:
            return None
        return lock

    def _unlock(self, lock: AbstractLock | None) -> Steps[None]:
        if lock is not None:
            # If it fails, that is counted, and the value is there.
            with suppress(_Down):
                yield from self._ask(lock.release)

    def _ask(self, what: Callable[..., Any], *args: Any, **kwargs: Any) -> Steps[Any]:
        """Asks the backend where its failure must not be the caller's."""
        try:
            return (yield Ask(what, *args, **kwargs))
        except Exception as error:
            self._count("errors")
            raise _Down from error

    def _count(self, what: str) -> None:
        with self._counting:
            self._counts[what] += 1


def _saving(backend: AbstractBackend) -> Callable[..., Any]:
    """`backend.save` as it takes a mapping: HermesCache 0.6's backends had a key and a value before it."""
    parameters = inspect.signature(backend.save).parameters
    if "mapping" in parameters and next(iter(parameters)) != "mapping":
        return lambda mapping, **ttl: backend.save(mapping=mapping, **ttl)
    return backend.save
