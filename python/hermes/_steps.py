"""Runs a generator of steps, in a thread or in a task: one sequence, two ways to wait.

Decides nothing. A step that fails raises where the generator has yielded it.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from typing import Any, Protocol, TypeVar

R = TypeVar("R")


class Step(Protocol):
    def now(self) -> Any:
        """Takes the step in this thread."""

    async def later(self, worker: Worker) -> Any:
        """Takes it without keeping the event loop waiting."""


Steps = Generator[Step, Any, R]


class Ask:
    """Asks a backend something."""

    def __init__(self, what: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._what = functools.partial(what, *args, **kwargs)

    def now(self) -> Any:
        return self._what()

    async def later(self, worker: Worker) -> Any:
        if inspect.iscoroutinefunction(self._what):
            return await self._what()
        return await worker.run(self._what)


class Compute:
    """Calls the cached function, where its caller is."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function = functools.partial(function, *args, **kwargs)

    def now(self) -> Any:
        return self._function()

    async def later(self, worker: Worker) -> Any:
        return await self._function()


class Wait:
    """Waits for somebody else's future, and gives None if that takes too long."""

    def __init__(self, future: Future[Any], patience_s: float) -> None:
        self._future = future
        self._patience_s = patience_s

    def now(self) -> Any:
        with suppress(FutureTimeout):
            return self._future.result(self._patience_s)

    async def later(self, worker: Worker) -> Any:
        with suppress(asyncio.TimeoutError):
            return await asyncio.wait_for(asyncio.wrap_future(self._future), self._patience_s)


class Worker:
    """One thread, from the first thing it has to do: whoever takes a lock must also be the one who releases it."""

    _executor: ThreadPoolExecutor | None = None

    async def run(self, what: Callable[[], R]) -> R:
        work = self._executor_of_its_own().submit(contextvars.copy_context().run, what)
        return await asyncio.wrap_future(work)

    def post(self, what: Callable[[], object]) -> None:
        """Has it done without waiting for it."""
        self._executor_of_its_own().submit(what)

    def _executor_of_its_own(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hermes")
        return self._executor

    def dismiss(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False)


def run(steps: Steps[R]) -> R:
    """Takes all steps in this thread."""
    try:
        step = next(steps)
        while True:
            try:
                result = step.now()
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as end:
        value: R = end.value
        return value


async def run_async(steps: Steps[R]) -> R:
    """Takes all steps in this task. A task that is cancelled still takes those that clean up."""
    worker = Worker()
    try:
        step = next(steps)
        while True:
            try:
                result = await step.later(worker)
            except GeneratorExit:
                # Nothing can be awaited any more, so what cleans up is done behind our back.
                with suppress(asyncio.CancelledError):
                    step = steps.throw(asyncio.CancelledError())
                    while True:
                        worker.post(step.now)
                        step = steps.send(None)
                raise
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as end:
        value: R = end.value
        return value
    finally:
        worker.dismiss()
