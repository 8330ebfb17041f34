"""A server that is down, hangs or comes back: calls go on, invalidations say what they know."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

import hermes
from counted import counted
from servers import Memcached, Redis


class Unsteady:
    """A server of its own that may be killed and hung, and a cache on it with the usual timeouts."""

    def __init__(self, place: str) -> None:
        self.server: Redis | Memcached
        if place == "redis":
            self.server = Redis()
            self.cache = hermes.Hermes(hermes.backend.redis.Backend, host="127.0.0.1", port=self.server.port)
        else:
            self.server = Memcached()
            self.cache = hermes.Hermes(hermes.backend.memcached.Backend, server=self.server.address)


@pytest.fixture(params=["redis", "memcached"])
def unsteady(request: pytest.FixtureRequest) -> Iterator[Unsteady]:
    unsteady = Unsteady(request.param)
    yield unsteady
    unsteady.server.go_on()
    unsteady.server.remove()


#: Generous: what is bounded is bounded by a quarter of a second, and HermesCache waits for a minute.
SOON_S = 10.0


def timed(what: Any) -> tuple[Any, float]:
    start = time.monotonic()
    return what(), time.monotonic() - start


def test_a_server_that_is_down_costs_the_computation(unsteady: Unsteady) -> None:
    counter, function = counted(unsteady.cache)
    assert function() == "value"
    unsteady.server.kill()
    value, took_s = timed(lambda: [function() for _ in range(100)])
    assert value == ["value"] * 100
    assert took_s < SOON_S
    assert counter.runs == 101
    assert unsteady.cache.stats()["errors"] > 0


def test_a_server_that_hangs_costs_the_timeout(unsteady: Unsteady) -> None:
    _, function = counted(unsteady.cache)
    assert function() == "value"
    unsteady.server.hang()
    value, took_s = timed(lambda: [function() for _ in range(20)])
    assert value == ["value"] * 20
    assert took_s < SOON_S


def test_tasks_go_on_without_their_server(unsteady: Unsteady) -> None:
    @unsteady.cache
    async def function(a: int) -> int:
        return a

    async def story() -> list[int]:
        await function(1)
        unsteady.server.hang()
        return list(await asyncio.gather(*[function(a % 3) for a in range(50)]))

    value, took_s = timed(lambda: asyncio.run(story()))
    assert value == [a % 3 for a in range(50)]
    assert took_s < SOON_S


def test_invalidations_that_are_not_confirmed_say_so(unsteady: Unsteady) -> None:
    _, function = counted(unsteady.cache, tags=("t",))
    function()
    unsteady.server.kill()
    for verb in (function.invalidate, function.clear, unsteady.cache.clean, lambda: unsteady.cache.clean(["t"])):
        with pytest.raises(hermes.HermesError) as raised:
            verb()
        assert isinstance(raised.value, (ConnectionError, TimeoutError))


def test_an_invalidation_of_a_hanging_server_ends(unsteady: Unsteady) -> None:
    _, function = counted(unsteady.cache)
    function()
    unsteady.server.hang()
    with pytest.raises(hermes.HermesError) as raised:
        timed(function.invalidate)
    assert isinstance(raised.value, (ConnectionError, TimeoutError))


def test_the_same_in_a_task(unsteady: Unsteady) -> None:
    @unsteady.cache(tags=("t",))
    async def function(a: int) -> int:
        return a

    async def story() -> None:
        await function(1)
        unsteady.server.kill()
        with pytest.raises(hermes.HermesError):
            await function.invalidate(1)
        with pytest.raises(hermes.HermesError):
            await unsteady.cache.clean_async(["t"])

    asyncio.run(story())


def test_a_server_that_comes_back_is_used_again(unsteady: Unsteady) -> None:
    counter, function = counted(unsteady.cache)
    function()
    unsteady.server.kill()
    function()
    unsteady.server.start()
    deadline = time.monotonic() + SOON_S
    while True:
        runs = counter.runs
        function()
        if counter.runs == runs:
            break
        assert time.monotonic() < deadline, "it is never asked again"
    function.invalidate()


def test_a_value_that_is_too_large_is_returned_and_not_kept(redis: Redis) -> None:
    options = {"host": "127.0.0.1", "port": redis.port, "value_limit": 1000}
    counter, function = counted(
        hermes.Hermes(hermes.backend.redis.Backend, **options), random.Random(1).randbytes(10_000)
    )
    assert function() == function() == counter.result
    assert counter.runs == 2


def test_a_function_that_fails_fails_as_ever(unsteady: Unsteady) -> None:
    unsteady.server.kill()

    def fails() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        unsteady.cache(fails)()


def test_a_password_that_is_wrong_is_not_in_the_message() -> None:
    with pytest.raises(hermes.HermesError) as raised:
        hermes.Hermes(hermes.backend.redis.Backend, url="redis://user:hunter2@host:port")
    assert "hunter2" not in str(raised.value)
