"""Computations under way in this process, for a backend written in Python: who leads, waits, has lost the right to save.

Knows neither backends nor how to wait; `_custom` does.
"""

from __future__ import annotations

import contextvars
import enum
import os
import threading
import weakref
from collections.abc import Collection
from concurrent.futures import Future
from contextlib import suppress


class Landing(enum.Enum):
    """How a computation ended for those who waited for it."""

    SAVED = "ask the backend"
    NOT_KEPT = "compute for yourself: the result is not one to keep, or the backend is down"
    LOST = "the next one leads: it failed, or an invalidation overtook it"


class Flight:
    """One computation."""

    def __init__(self, key: str, tags: Collection[str]) -> None:
        self.key = key
        self.tags = frozenset(tags)
        self.landing: Future[Landing] = Future()
        # A waiter that is cancelled must not cancel it for the others.
        self.landing.set_running_or_notify_cancel()
        #: An invalidation came meanwhile: what is computed here is not saved.
        self.is_fenced = False
        #: From when it may save until it has.
        self.saved: Future[None] | None = None


#: Keys that this thread or task computes already. Who asks for one of them again, from inside, must not wait for itself.
_leading: contextvars.ContextVar[frozenset[str]] = contextvars.ContextVar("hermes_leading", default=frozenset())


class Flights:
    """At most one flight for each key."""

    def __init__(self) -> None:
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}

    def take_off_or_join(self, key: str, tags: Collection[str]) -> tuple[Flight | None, bool]:
        """The key's flight, and whether the caller leads it. None if the caller computes the same key already."""
        if key in _leading.get():
            return None, False
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Flight(key, tags)
            return flight, True

    def take_off_by_force(self, key: str, tags: Collection[str]) -> Flight:
        """A flight of the caller's; the one under way loses the right to save."""
        with self._lock:
            deposed = self._flights.pop(key, None)
            if deposed is not None:
                deposed.is_fenced = True
            flight = self._flights[key] = Flight(key, tags)
            return flight

    def may_save(self, flight: Flight) -> bool:
        """Asks for the right to save. Who gets it says when it `has_saved`."""
        with self._lock:
            if flight.is_fenced:
                return False
            flight.saved = Future()
            flight.saved.set_running_or_notify_cancel()
            return True

    def has_saved(self, flight: Flight) -> None:
        assert flight.saved is not None, "it may save"
        flight.saved.set_result(None)

    def land(self, flight: Flight, landing: Landing) -> None:
        """Ends the flight, and wakes who waits for it."""
        with self._lock:
            if self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
        flight.landing.set_result(landing)

    def fence(self, *, key: str | None = None, tags: Collection[str] | None = None) -> list[Future[None]]:
        """Takes the right to save from the flights of a key or tags, or from all.

        Some may be saving at this moment, of others than the caller's own: who invalidates waits for these futures, and
        then removes.
        """
        with self._lock:
            fenced = [
                flight
                for flight in self._flights.values()
                if (key is None or flight.key == key) and (tags is None or not flight.tags.isdisjoint(tags))
            ]
            for flight in fenced:
                flight.is_fenced = True
                del self._flights[flight.key]
        return [flight.saved for flight in fenced if flight.saved is not None and flight.key not in _leading.get()]


class leading:
    """While it is entered, this thread or task is known to compute the key."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __enter__(self) -> None:
        self._token = _leading.set(_leading.get() | {self._key})

    def __exit__(self, *_: object) -> None:
        # A coroutine may be closed from outside of its task, in another context, which knows nothing of it.
        with suppress(ValueError):
            _leading.reset(self._token)


_all: weakref.WeakSet[Flights] = weakref.WeakSet()


def _forget_the_parents() -> None:
    """The threads that led in the parent are not in the child, and may have held a lock."""
    for flights in _all:
        flights._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_parents)
