"""Backends written in Python: asked in HermesCache's order, with one process's promises."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable
from typing import Any

import pytest

import hermes
from counted import counted
from hermes.backend import AbstractBackend, AbstractLock
from plain_backends import DictBackend, OldBackend
from servers import wait_until


@pytest.fixture
def cache() -> hermes.Hermes:
    return hermes.Hermes(DictBackend, ttl=60)


def words(backend: AbstractBackend) -> list[str]:
    """What a backend was asked since the last time."""
    assert isinstance(backend, DictBackend)
    asked, backend.asked = backend.asked, []
    return [word for word, *_ in asked]


def test_it_is_asked_in_hermescaches_order(cache: hermes.Hermes) -> None:
    _, function = counted(cache)
    function(1)
    assert words(cache.backend) == ["load", "lock", "load", "save"]
    function(1)
    assert words(cache.backend) == ["load"]
    function.invalidate(1)
    assert words(cache.backend) == ["remove"]


def test_keys_have_the_names_that_a_mangler_gives(cache: hermes.Hermes) -> None:
    @cache(tags=("t",), ttl=33)
    def function(a: int) -> list[int]:
        return [a]

    function(1)
    backend = cache.backend
    assert isinstance(backend, DictBackend)
    loaded, locked, _, stamped, saved = backend.asked
    assert loaded == ("load", ("cache:tag:t",))
    key = cache.mangler.nameEntry(function.__wrapped__, 1)
    assert locked == ("lock", key)
    assert (list(stamped[1]), stamped[2]) == (["cache:tag:t"], None)
    assert saved == ("save", {f"{key}:{cache.mangler.hashTags(stamped[1])}": [1]}, 33)


def test_tags_end_entries(cache: hermes.Hermes) -> None:
    counter, function = counted(cache, tags=("one", "a:{a}"))
    function(1), function(2)
    cache.clean(["a:1"])
    function(1), function(2)
    assert counter.runs == 3
    cache.clean(["one"])
    function(1), function(2)
    assert counter.runs == 5
    cache.clean()
    function(1)
    assert counter.runs == 6


def test_callers_get_copies_as_the_backend_makes_them(cache: hermes.Hermes) -> None:
    _, function = counted(cache, [1])
    function().append(2)
    function().append(3)
    assert function() == [1]


def test_none_is_not_kept(cache: hermes.Hermes) -> None:
    counter, function = counted(cache, None)
    function(), function()
    assert counter.runs == 2


def test_a_function_whose_name_another_has_never_takes_its_entries(cache: hermes.Hermes) -> None:
    def one() -> str:
        return "one"

    def other() -> str:
        return "other"

    other.__qualname__ = one.__qualname__
    other.__name__ = one.__name__
    first = cache(one)
    with pytest.warns(RuntimeWarning, match="never cached"):
        second = cache(other)
    assert [first(), second(), first(), second()] == ["one", "other", "one", "other"]
    second.invalidate()
    assert second.peek() is None
    assert cache.stats()["computations"] == 1


def test_the_verbs_work(cache: hermes.Hermes) -> None:
    counter, function = counted(cache)
    assert function.peek(1) is None
    function(1)
    assert function.peek(1) == "value"
    counter.result = "new"
    assert function.refresh(1) == "new"
    assert function(1) == "new"
    assert function.key(1).startswith("cache:entry:")
    assert (cache.stats()["computations"], cache.stats()["hits"]) == (2, 1)
    with pytest.raises(hermes.HermesError, match="tag"):
        function.clear()
    with pytest.raises(hermes.HermesError):
        cache.dump()


def test_a_backend_that_fails_costs_the_computation(cache: hermes.Hermes) -> None:
    counter, function = counted(cache, tags=("t",))
    backend = cache.backend
    assert isinstance(backend, DictBackend)
    backend.is_down = True
    assert [function(), function()] == ["value", "value"]
    assert counter.runs == 2
    assert cache.stats()["errors"] > 0
    assert function.peek() is None
    for verb in (function.invalidate, cache.clean):
        with pytest.raises(OSError, match="down"):
            verb()
    backend.is_down = False
    function(), function()
    assert counter.runs == 3


class Slow:
    """A function that runs until it is told."""

    def __init__(self) -> None:
        self.runs = 0
        self.began = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, a: int) -> list[int]:
        self.runs += 1
        run = self.runs
        self.began.set()
        assert self.may_end.wait(20)
        return [a, run]


def test_threads_share_one_computation(cache: hermes.Hermes) -> None:
    slow = Slow()
    function = cache(slow.__call__, name="slow")
    got: list[list[int]] = []
    threads = [threading.Thread(target=lambda: got.append(function(1))) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until("seven wait", lambda: cache.stats()["waits"] == 7)
    slow.may_end.set()
    for thread in threads:
        thread.join()
    assert got == [[1, 1]] * 8
    assert slow.runs == 1


def test_tasks_share_one_computation(cache: hermes.Hermes) -> None:
    runs = []

    async def story() -> list[Any]:
        may_end = asyncio.Event()

        @cache(tags=("t",))
        async def function(a: int) -> list[int]:
            runs.append(a)
            await may_end.wait()
            return [a]

        tasks = [asyncio.ensure_future(function(1)) for _ in range(8)]
        while cache.stats()["waits"] < 7 and not any(task.done() for task in tasks):
            await asyncio.sleep(0.001)
        may_end.set()
        return [await asyncio.gather(*tasks), await function(1), await function.invalidate(1), await function(1)]

    assert asyncio.run(story()) == [[[1]] * 8, [1], None, [1]]
    assert runs == [1, 1]


def test_a_cancelled_task_gives_its_lock_back(cache: hermes.Hermes) -> None:
    async def story() -> int:
        began = asyncio.Event()

        @cache
        async def function(a: int) -> int:
            if began.is_set():
                return a
            began.set()
            await asyncio.Event().wait()
            return 0

        task = asyncio.ensure_future(function(1))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await function(1)

    assert asyncio.run(story()) == 1


def test_a_coroutine_that_is_closed_gives_its_lock_back(cache: hermes.Hermes) -> None:
    began = threading.Event()

    @cache
    async def function(a: int) -> int:
        if not began.is_set():
            began.set()
            await asyncio.Event().wait()
        return a

    async def story() -> int:
        call = asyncio.ensure_future(function(1))
        while not began.is_set():
            await asyncio.sleep(0.001)
        coroutine = call.get_coro()
        assert coroutine is not None
        coroutine.close()
        return await function(1)

    assert asyncio.run(story()) == 1


def test_a_save_under_way_does_not_survive_an_invalidation() -> None:
    """The save has begun when the invalidation comes: it waits, and then removes what was saved."""
    begun, may_end = threading.Event(), threading.Event()

    class SlowToSave(DictBackend):
        def save(self, mapping: Any, *, ttl: int | None = None) -> None:
            begun.set()
            assert may_end.wait(20)
            super().save(mapping, ttl=ttl)

    cache = hermes.Hermes(SlowToSave)
    counter, function = counted(cache)
    reader = threading.Thread(target=function)
    reader.start()
    assert begun.wait(20)
    writer = threading.Thread(target=function.invalidate)
    writer.start()
    may_end.set()
    reader.join()
    writer.join()
    function()
    assert counter.runs == 2


class AsyncLock(AbstractLock):
    def __init__(self, key: str, lock: asyncio.Lock) -> None:
        super().__init__(key)
        self._lock = lock

    async def acquire(self, wait: bool = True) -> bool:  # type: ignore[override]
        return await self._lock.acquire()

    async def release(self) -> None:  # type: ignore[override]
        self._lock.release()


def test_a_lock_may_be_one_of_coroutines() -> None:
    async def story() -> list[Any]:
        lock = asyncio.Lock()

        class Backend(DictBackend):
            def lock(self, key: str) -> AbstractLock:
                return AsyncLock(key, lock)

        @hermes.Hermes(Backend)
        async def function(a: int) -> bool:
            return lock.locked()

        return [await function(1), lock.locked()]

    assert asyncio.run(story()) == [True, False]


def test_backends_of_the_past_save_as_they_did() -> None:
    cache = hermes.Hermes(OldBackend, ttl=60)
    counter, function = counted(cache, tags=("t",))
    function(), function()
    assert counter.runs == 1


def test_a_subclass_of_a_backend_of_the_engine_is_asked_for_what_it_overrides() -> None:
    loaded: list[Any] = []

    class Noticing(hermes.backend.inprocess.Backend):
        def load(self, keys: str | Iterable[str]) -> Any:
            loaded.append(keys)
            return super().load(keys)

    cache = hermes.Hermes(Noticing, ttl=60)
    counter, function = counted(cache, tags=("t",))
    function(), function()
    assert counter.runs == 1
    assert loaded
    cache.clean(["t"])
    function()
    assert counter.runs == 2


def test_a_call_that_asks_for_itself_does_not_wait_for_itself(cache: hermes.Hermes) -> None:
    @cache(key=lambda fn, depth: "always the same")
    def itself(depth: int) -> int:
        return 0 if depth == 0 else 1 + itself(depth - 1)

    assert itself(2) == 2


def test_a_child_does_not_wait_for_its_parents_threads(cache: hermes.Hermes) -> None:
    slow = Slow()
    function = cache(slow.__call__, name="slow")
    leader = threading.Thread(target=function, args=(1,))
    leader.start()
    assert slow.began.wait(20)
    # Its lock stays taken in the child, as locks do; a backend minds that itself.
    backend = cache.backend
    assert isinstance(backend, DictBackend)
    child = os.fork()
    if child == 0:
        backend._lock = threading.RLock()
        slow.may_end.set()
        os._exit(0 if function(1) == [1, 2] else 1)
    _, status = os.waitpid(child, 0)
    slow.may_end.set()
    leader.join()
    assert status == 0
