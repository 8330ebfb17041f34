"""Subjects: caches of others, with a ttl and a bound where they have them, without tags unless their name says so."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator

import aiocache
import cachebox
import cachetools
import moka_py
from cashews import Cache
from dogpile.cache import make_region
from dogpile.cache.util import sha1_mangle_key

from slices import AsyncCall, Call, Subject, awaits, calls, tasks, threads
from workloads import (
    COROUTINE,
    IN_PROCESS,
    KEYS,
    ON_MEMCACHED,
    ON_REDIS_THREADS,
    TAGS,
    TAGS_ON_REDIS,
    first,
    first_async,
)

TTL_S = 3600
BOUND = 1000


def of_peers(events: asyncio.AbstractEventLoop, redis: int, memcached: int) -> Iterator[Subject]:
    for workload, (function, one, other, _) in IN_PROCESS.items():
        for name, cached in _in_process(function).items():
            yield Subject(workload, name, calls(cached, one, other))
    for name, coroutine in _coroutines().items():
        yield Subject(COROUTINE, name, awaits(events, coroutine, 2, 333))

    place = {"host": "127.0.0.1", "port": redis}
    on_redis = make_region().configure("dogpile.cache.redis", expiration_time=TTL_S, arguments=place)
    cached = on_redis.cache_on_arguments()(first)
    for workload in TAGS_ON_REDIS:
        yield Subject(workload, "dogpile.cache", calls(cached, 2, 333))
    yield Subject(ON_REDIS_THREADS, "dogpile.cache", threads(cached, 2, 333))
    for name, coroutine in _cashews(f"redis://127.0.0.1:{redis}").items():
        for workload, key in KEYS.items():
            yield Subject(workload, name, tasks(events, coroutine, key))

    url = {"url": f"127.0.0.1:{memcached}"}
    # The server takes no spaces in keys.
    on_memcached = make_region(key_mangler=sha1_mangle_key).configure(
        "dogpile.cache.pymemcache", expiration_time=TTL_S, arguments=url
    )
    yield Subject(ON_MEMCACHED, "dogpile.cache", calls(on_memcached.cache_on_arguments()(first), 2, 333))


def _in_process(function: Call) -> dict[str, Call]:
    in_memory = make_region().configure("dogpile.cache.memory", expiration_time=TTL_S)
    return {
        "functools.lru_cache": functools.lru_cache(BOUND)(function),
        "cachebox": cachebox.cached(cachebox.TTLCache(BOUND, TTL_S))(function),
        "moka-py": moka_py.cached(maxsize=BOUND, ttl=TTL_S)(function),
        "cachetools": cachetools.cached(cachetools.TTLCache(BOUND, TTL_S))(function),
        "dogpile.cache": in_memory.cache_on_arguments()(function),
    }


def _coroutines() -> dict[str, AsyncCall]:
    return {
        "an empty coroutine": first_async,
        "cachebox": cachebox.cached(cachebox.TTLCache(BOUND, TTL_S))(first_async),
        "aiocache": aiocache.cached(ttl=TTL_S)(first_async),
        **_cashews("mem://"),
    }


def _cashews(url: str) -> dict[str, AsyncCall]:
    cache = Cache()
    cache.setup(url)
    return {
        "cashews": cache(ttl=TTL_S, key="plain:{one}:{other}")(first_async),
        "cashews, 2 tags": cache(ttl=TTL_S, key="tagged:{one}:{other}", tags=TAGS)(first_async),
    }
