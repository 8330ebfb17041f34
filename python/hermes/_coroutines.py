"""The coroutines of cached coroutine functions, so that every framework takes them for what they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def done(value: _T) -> _T:
    """What was at hand."""
    return value


async def drive(flight: Awaitable[_T]) -> _T:
    """What is to be waited for."""
    return await flight


def twin(known: Callable[[], Callable[..., Awaitable[_T]] | None]) -> Callable[..., Coroutine[Any, Any, _T]]:
    """What a cached function shows as its `__call__` to those who ask whether that is a coroutine function. Calls do not come this
    way, but for those of `cached.__call__(…)`. `known` gives the cached function, and does not keep it alive."""

    async def __call__(*args: Any, **kwargs: Any) -> _T:
        cached = known()
        if cached is None:
            raise ReferenceError("the cached function is gone")
        return await cached(*args, **kwargs)

    return __call__
