"""What is asked of the subjects, by the names that the table shows.

Leaves to the subjects by which cache, to `slices` how it is measured.
"""

from __future__ import annotations

from collections.abc import Callable

TWO_INTS = "2 ints"
TWO_STRS = "2 strs"
DICT_OF_100 = "dict of 100"
COROUTINE = "coroutine"
ON_REDIS = "Redis"
ON_REDIS_THREADS = "Redis, 8 threads"
ON_REDIS_ONE_KEY = "Redis, 100 tasks, one key"
ON_REDIS_OWN_KEYS = "Redis, 100 tasks, own keys"
ON_MEMCACHED = "memcached"

#: The tags of those that have tags.
TAGS = ("math", "power")


def first(one: object, other: object) -> object:
    return one


def numbered(one: object, other: object) -> dict[int, str]:
    return {number: str(number) for number in range(100)}


async def first_async(one: object, other: object) -> object:
    return one


#: In process: a function and two arguments.
IN_PROCESS: dict[str, tuple[Callable[[object, object], object], object, object]] = {
    TWO_INTS: (first, 2, 333),
    TWO_STRS: (first, "user:42", "en"),
    DICT_OF_100: (numbered, 2, 333),
}

#: The key of each of many tasks.
KEYS: dict[str, Callable[[int], int]] = {ON_REDIS_ONE_KEY: lambda _: 1, ON_REDIS_OWN_KEYS: lambda task: task}
