"""Servers and caches that tests ask for."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import hermes
from plain_backends import DictBackend
from servers import Memcached, Redis

#: A test that hangs says where, and ends the run.
HANGS_AFTER_S = 120.0

NewCache = Callable[..., hermes.Hermes]


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def a_redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.remove()


@pytest.fixture
def redis(a_redis: Redis) -> Redis:
    """A Redis with nothing in it."""
    a_redis.empty()
    return a_redis


@pytest.fixture(scope="session")
def a_memcached() -> Iterator[Memcached]:
    server = Memcached()
    yield server
    server.remove()


@pytest.fixture
def memcached(a_memcached: Memcached) -> Memcached:
    """A memcached with nothing in it."""
    a_memcached.empty()
    return a_memcached


@pytest.fixture(params=["inprocess", "redis", "memcached"])
def new_cache(request: pytest.FixtureRequest) -> NewCache:
    """Makes caches in each place, with whatever options."""
    return new_cache_in(request.param, request)


@pytest.fixture(params=["redis", "memcached"])
def new_cache_on_a_server(request: pytest.FixtureRequest) -> NewCache:
    """Makes caches on each server, with whatever options."""
    return new_cache_in(request.param, request)


@pytest.fixture(params=["inprocess", "redis", "memcached", "python"])
def anywhere(request: pytest.FixtureRequest) -> hermes.Hermes:
    """A cache in each place, a backend written in Python among them."""
    return new_cache_in(request.param, request)(ttl=600)


def new_cache_in(place: str, request: pytest.FixtureRequest) -> NewCache:
    # Its default is for callers who would rather compute than wait; a busy machine would make tests flaky.
    patient = {"timeout": 10}
    if place == "inprocess":
        return lambda **options: hermes.Hermes(hermes.backend.inprocess.Backend, **options)
    if place == "python":
        return lambda **options: hermes.Hermes(DictBackend, **options)
    if place == "redis":
        port = request.getfixturevalue("redis").port
        where: dict[str, Any] = {"host": "127.0.0.1", "port": port, **patient}
        return lambda **options: hermes.Hermes(hermes.backend.redis.Backend, **where, **options)
    address = request.getfixturevalue("memcached").address
    return lambda **options: hermes.Hermes(hermes.backend.memcached.Backend, server=address, **patient, **options)


@pytest.fixture
def cache(new_cache: NewCache) -> hermes.Hermes:
    """A cache in each place."""
    return new_cache(ttl=600)


@pytest.fixture
def in_process() -> hermes.Hermes:
    """A cache in this process: the fastest there is, for what is the same everywhere."""
    return hermes.Hermes(hermes.backend.inprocess.Backend, ttl=600)
