"""Measures what one call takes, over a slice of time.

Leaves to `side_by_side` whose turn it is, to the subjects what they call.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, NamedTuple

from cores import on_core

#: How long one subject runs before the next has its turn.
SLICE_S = 0.02
#: The same of many callers: CPython lets each of its threads run for 5 ms.
SLICE_OF_MANY_S = 0.1
THREADS = 8
TASKS = 100

#: Two arguments, as everything that is measured takes them.
Call = Callable[[Any, Any], object]
AsyncCall = Callable[[Any, Any], Awaitable[object]]

#: Runs a number of calls and returns how many seconds they took.
Loop = Callable[[int], float]

#: Runs for a slice and returns the microseconds a call.
Measure = Callable[[], float]


class Subject(NamedTuple):
    workload: str
    name: str
    measure: Measure


def calls(call: Call, one: object, other: object) -> Measure:
    """One thread, one call after the other."""

    def loop(count: int) -> float:
        with on_core("first"):
            begin = perf_counter()
            for _ in range(count):
                call(one, other)
            return perf_counter() - begin

    return _slice(loop)


def awaits(events: asyncio.AbstractEventLoop, call: AsyncCall, one: object, other: object) -> Measure:
    """One task, one call after the other."""

    async def story(count: int) -> float:
        begin = perf_counter()
        for _ in range(count):
            await call(one, other)
        return perf_counter() - begin

    return _slice(lambda count: events.run_until_complete(story(count)))


def threads(call: Call, one: object, other: object) -> Measure:
    """Eight threads at once: the time divided by the calls that all of them made."""

    def loop(count: int) -> float:
        def work() -> None:
            for _ in range(count):
                call(one, other)

        workers = [threading.Thread(target=work) for _ in range(THREADS)]
        begin = perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return perf_counter() - begin

    return _slice(loop, SLICE_OF_MANY_S, THREADS)


def tasks(events: asyncio.AbstractEventLoop, call: AsyncCall, key: Callable[[int], int]) -> Measure:
    """A hundred tasks at once, each with the key that `key` gives its number: the time divided by all their calls."""

    async def work(one: int, count: int) -> None:
        for _ in range(count):
            await call(one, 333)

    async def story(count: int) -> float:
        begin = perf_counter()
        await asyncio.gather(*(work(key(task), count) for task in range(TASKS)))
        return perf_counter() - begin

    return _slice(lambda count: events.run_until_complete(story(count)), SLICE_OF_MANY_S, TASKS)


def _slice(loop: Loop, seconds: float = SLICE_S, callers: int = 1) -> Measure:
    """As many calls as fill a slice."""
    loop(1)  # Computes what all others find.
    count = 1
    while (took := loop(count)) < seconds / 4:
        count *= 2
    count = max(1, round(count * seconds / took))
    return lambda: loop(count) / (count * callers) * 1e6
