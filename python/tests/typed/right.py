"""What must pass `mypy --strict`. It is read, never run."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any

from typing_extensions import assert_type

import hermes
import hermes.backend.redis
from hermes.backend import AbstractBackend, AbstractLock

cache = hermes.Hermes(hermes.backend.redis.Backend, ttl=600, host="localhost", db=1, cache_none=False)


@cache
def plain(a: int, b: str = "") -> list[int]:
    return [a]


@cache(tags=("user:{a}", "users"), ttl=20, key=lambda fn, *args, **kwargs: "k")
def with_options(a: int, *, b: bool) -> str | None:
    return None


@cache
async def coroutine(a: int) -> bytes:
    return b""


@cache(ttl=lambda value, *args: len(value))
async def coroutine_with_options(a: int) -> bytes:
    return b""


class Example:
    @cache
    def method(self, a: int) -> str:
        return ""

    @cache(tags="t")
    async def coroutine_method(self, a: int) -> str:
        return ""

    @staticmethod
    @cache
    def static(a: int) -> str:
        return ""


def calls(example: Example) -> None:
    assert_type(plain(1, b=""), list[int])
    assert_type(plain.refresh(1), list[int])
    assert_type(plain.uncached(1), list[int])
    assert_type(plain.peek(1), list[int] | None)
    assert_type(plain.key(1), str)
    plain.invalidate(1, "")
    plain.clear()
    assert_type(with_options(1, b=True), str | None)
    assert_type(example.method(1), str)
    assert_type(Example.method(example, 1), str)
    example.method.invalidate(1)
    assert_type(Example.static(1), str)
    assert_type(plain.__name__, str)
    assert_type(cache.stats(), dict[str, int])
    assert_type(cache.dump(), list[hermes.EntryInfo])
    cache.clean(["math"])
    cache.clean("math")
    cache.clean()
    cache.ttl = 5
    cache.ttl = lambda value, *args, **kwargs: 5


async def awaits(example: Example) -> None:
    await assert_type(coroutine(1), Coroutine[Any, Any, bytes])
    assert_type(await coroutine(1), bytes)
    assert_type(await coroutine.refresh(1), bytes)
    assert_type(await coroutine.peek(1), bytes | None)
    assert_type(await coroutine_with_options(1), bytes)
    assert_type(await example.coroutine_method(1), str)
    await coroutine.invalidate(1)
    await coroutine.clear()
    await example.coroutine_method.invalidate(1)
    await cache.clean_async(["math"])


class Backend(AbstractBackend):
    def lock(self, key: str) -> AbstractLock:
        return AbstractLock(key)

    def load(self, keys: str | Iterable[str]) -> Any:
        return None


cache.backend = Backend(cache.mangler)
custom = hermes.Hermes(Backend, mangler=hermes.Mangler(), cachedfactory=hermes.cachedfactory)
