"""Coroutine functions: on asyncio and on uvloop, in every place."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import pytest
import uvloop

import hermes
from conftest import NewCache
from servers import PATIENCE_S

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


def on_uvloop(story: Coroutine[Any, Any, T]) -> T:
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(story)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.fixture(params=[asyncio.run, on_uvloop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Any:
    return request.param


class Gate:
    """A coroutine function that says when it began and ends when it is told."""

    def __init__(self) -> None:
        self.runs = 0
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, a: int = 1) -> list[int]:
        self.runs += 1
        run = self.runs
        self.began.set()
        await self.may_end.wait()
        return [a, run]


def test_a_call_is_a_real_coroutine(in_process: hermes.Hermes) -> None:
    @in_process
    async def double(a: int) -> int:
        return a * 2

    missed = double(2)
    assert inspect.iscoroutine(missed)
    assert asyncio.run(missed) == 4
    hit = double(2)
    assert inspect.iscoroutine(hit)
    assert asyncio.run(hit) == 4


def test_frameworks_see_a_coroutine_function(in_process: hermes.Hermes) -> None:
    @in_process
    async def double(a: int) -> int:
        return a * 2

    class Example:
        @in_process
        async def method(self, a: int) -> int:
            return a

    for function in (double, Example().method):
        assert inspect.iscoroutinefunction(function.__call__)
        assert inspect.iscoroutinefunction(function) or sys.version_info < (3, 12)


def test_tasks_share_one_computation(cache: hermes.Hermes, run: Run[Any]) -> None:
    async def story() -> None:
        gate = Gate()
        function = cache(gate.__call__, name="gate")
        tasks = [asyncio.ensure_future(function(1)) for _ in range(50)]
        await gate.began.wait()
        gate.may_end.set()
        assert await asyncio.gather(*tasks) == [[1, 1]] * 50
        assert gate.runs == 1

    run(story())


def test_the_verbs_are_coroutines(cache: hermes.Hermes, run: Run[Any]) -> None:
    runs: Counter[int] = Counter()

    @cache(tags=("t",))
    async def counted(a: int) -> int:
        runs[a] += 1
        return runs[a]

    async def story() -> list[Any]:
        seen: list[Any] = [await counted(1), await counted(1), await counted.peek(1), await counted.peek(2)]
        seen += [await counted.refresh(1), await counted(1)]
        seen += [await counted.invalidate(1), await counted(1)]
        seen += [await cache.clean_async(["t"]), await counted(1)]
        seen += [await counted.clear(), await counted(1)]
        seen += [await counted.uncached(1), await counted(1)]
        return seen

    assert run(story()) == [1, 1, 1, None, 2, 2, None, 3, None, 4, None, 5, 6, 5]


def test_the_event_loop_runs_while_a_call_waits(new_cache_on_a_server: NewCache, run: Run[Any]) -> None:
    cache = new_cache_on_a_server(ttl=600)

    async def story() -> None:
        gate = Gate()
        function = cache(gate.__call__, name="gate")
        waiting = [asyncio.ensure_future(function(1)) for _ in range(2)]
        await gate.began.wait()
        # The loop is here, with a leader and a follower under way.
        assert not any(task.done() for task in waiting)
        gate.may_end.set()
        await asyncio.gather(*waiting)

    run(story())


def test_a_cancelled_leader_frees_the_key_at_once(cache: hermes.Hermes, run: Run[Any]) -> None:
    async def story() -> None:
        gate = Gate()
        function = cache(gate.__call__, name="gate")
        leader = asyncio.ensure_future(function(1))
        await gate.began.wait()
        gate.began.clear()
        follower = asyncio.ensure_future(function(1))
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        await gate.began.wait()
        gate.may_end.set()
        assert await follower == [1, 2]

    run(story())


def test_a_cancelled_follower_disturbs_nobody(cache: hermes.Hermes, run: Run[Any]) -> None:
    async def story() -> None:
        gate = Gate()
        function = cache(gate.__call__, name="gate")
        leader = asyncio.ensure_future(function(1))
        await gate.began.wait()
        followers = [asyncio.ensure_future(function(1)) for _ in range(2)]
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while cache.stats()["waits"] < 2:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.001)
        followers[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await followers[0]
        gate.may_end.set()
        assert await asyncio.gather(leader, followers[1]) == [[1, 1], [1, 1]]

    run(story())


def test_an_exception_is_the_callers_own(cache: hermes.Hermes, run: Run[Any]) -> None:
    runs = []

    @cache
    async def fails(a: int) -> None:
        runs.append(a)
        raise ValueError(len(runs))

    async def story() -> list[str]:
        outcomes = await asyncio.gather(fails(1), fails(1), return_exceptions=True)
        return sorted(str(outcome) for outcome in outcomes)

    assert run(story()) == ["1", "2"]


def test_the_function_runs_in_its_callers_task_and_context(cache: hermes.Hermes, run: Run[Any]) -> None:
    seen = []

    @cache
    async def function(a: int) -> int:
        await asyncio.sleep(0)
        seen.append(asyncio.current_task())
        return a

    async def story() -> None:
        await function(1)
        assert seen == [asyncio.current_task()]

    run(story())


def test_a_cached_coroutine_may_call_another(cache: hermes.Hermes, run: Run[Any]) -> None:
    @cache
    async def inner(a: int) -> int:
        return a + 1

    @cache
    async def outer(a: int) -> int:
        return await inner(a) * 2

    async def story() -> list[int]:
        return [await outer(1), await outer(1), await inner(1)]

    assert run(story()) == [4, 4, 2]


def test_one_loop_after_another_uses_a_cache(cache: hermes.Hermes, run: Run[Any]) -> None:
    runs = []

    @cache
    async def function(a: int) -> int:
        runs.append(a)
        return a

    assert [run(function(a)) for a in (1, 1, 2, 2)] == [1, 1, 2, 2]
    assert runs == [1, 2]


def test_wrong_arguments_raise_what_the_function_raises(cache: hermes.Hermes, run: Run[Any]) -> None:
    @cache
    async def double(a: int) -> int:
        return a * 2

    for verb in (double, double.refresh, double.peek):
        with pytest.raises(TypeError, match="takes 1 positional argument"):
            run(verb(1, 2))  # type: ignore[call-arg]


def test_wait_for_ends_a_call_that_takes_too_long(cache: hermes.Hermes, run: Run[Any]) -> None:
    async def story() -> None:
        gate = Gate()
        function = cache(gate.__call__, name="gate")
        call = asyncio.ensure_future(function(1))
        await gate.began.wait()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call, 0.01)
        gate.may_end.set()
        assert await function(1) == [1, 2]

    run(story())


def test_tasks_wait_for_what_a_thread_computes(in_process: hermes.Hermes) -> None:
    async def story() -> Any:
        gate = Gate()
        function = in_process(gate.__call__, name="gate")
        loop = asyncio.get_running_loop()

        def ask_in_another_loop() -> Any:
            async def ask() -> Any:
                return await function(1)

            return asyncio.run(ask())

        leader = asyncio.ensure_future(function(1))
        await gate.began.wait()
        follower = loop.run_in_executor(None, ask_in_another_loop)
        gate.may_end.set()
        return await asyncio.gather(leader, follower)

    assert asyncio.run(story()) == [[1, 1], [1, 1]]


def test_a_call_that_is_never_awaited_does_nothing(in_process: hermes.Hermes) -> None:
    runs = []

    @in_process
    async def function(a: int) -> int:
        runs.append(a)
        return a

    with pytest.warns(RuntimeWarning, match="never awaited"):
        function(1)
    assert runs == []
    awaitable: Awaitable[int] = function(1)

    async def story() -> int:
        return await awaitable

    assert asyncio.run(story()) == 1
