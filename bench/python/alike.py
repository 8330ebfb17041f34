"""Subjects: what this interpreter knows as `hermes`, with two tags and a ttl. Its ancestors are used by the same words."""

from __future__ import annotations

import asyncio
import collections
import collections.abc
from collections.abc import Iterator

from slices import Subject, awaits, calls, tasks, threads
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

if not hasattr(collections, "Iterable"):
    # HermesCache 0.6.1 still looks for it here.
    collections.Iterable = collections.abc.Iterable  # type: ignore[attr-defined]

import hermes
import hermes.backend.memcached
import hermes.backend.redis

TTL_S = 3600


def of_hermes(events: asyncio.AbstractEventLoop, redis: int, memcached: int) -> Iterator[Subject]:
    from hermes.backend.inprocess import Backend

    name = "hermes"
    yield from _in_process(name, Backend)
    yield _coroutine(name, events, Backend)
    yield from _on_redis(name, redis)
    coroutine = _redis(redis)(tags=TAGS)(first_async)
    for workload, key in KEYS.items():
        yield Subject(workload, name, tasks(events, coroutine, key))
    cache = hermes.Hermes(hermes.backend.memcached.Backend, ttl=TTL_S, server=f"127.0.0.1:{memcached}")
    yield _on_memcached(name, cache)


def of_ancestor(events: asyncio.AbstractEventLoop, redis: int, memcached: int) -> Iterator[Subject]:
    from hermes.backend.inprocess import AsyncBackend, Backend

    name = "HermesCache 1.2.0"
    yield from _in_process(name, Backend)
    yield _coroutine(name, events, AsyncBackend)
    yield from _on_redis(name, redis)
    cache = hermes.Hermes(hermes.backend.memcached.Backend, ttl=TTL_S, server=f"127.0.0.1:{memcached}")
    yield _on_memcached(name, cache)


def of_elder(_: asyncio.AbstractEventLoop, redis: int, memcached: int) -> Iterator[Subject]:
    from hermes.backend.dict import Backend

    name = "HermesCache 0.6.1"
    yield from _in_process(name, Backend)
    yield from _on_redis(name, redis)
    cache = hermes.Hermes(hermes.backend.memcached.Backend, ttl=TTL_S, servers=[f"127.0.0.1:{memcached}"])
    yield _on_memcached(name, cache)


def _in_process(name: str, backend: type) -> Iterator[Subject]:
    for workload, (function, one, other, tags) in IN_PROCESS.items():
        # A cache for each, as a function has one entry for the same arguments.
        cached = hermes.Hermes(backend, ttl=TTL_S)(tags=tags)(function)
        yield Subject(workload, name, calls(cached, one, other))


def _coroutine(name: str, events: asyncio.AbstractEventLoop, backend: type) -> Subject:
    cached = hermes.Hermes(backend, ttl=TTL_S)(tags=TAGS)(first_async)
    return Subject(COROUTINE, name, awaits(events, cached, 2, 333))


def _on_redis(name: str, port: int) -> Iterator[Subject]:
    for database, (workload, tags) in enumerate(TAGS_ON_REDIS.items()):
        cached = _redis(port, database)(tags=tags)(first)
        yield Subject(workload, name, calls(cached, 2, 333))
    yield Subject(ON_REDIS_THREADS, name, threads(_redis(port)(tags=TAGS)(first), 2, 333))


def _on_memcached(name: str, cache: hermes.Hermes) -> Subject:
    return Subject(ON_MEMCACHED, name, calls(cache(tags=TAGS)(first), 2, 333))


def _redis(port: int, database: int = 0) -> hermes.Hermes:
    return hermes.Hermes(hermes.backend.redis.Backend, ttl=TTL_S, host="127.0.0.1", port=port, db=database)
