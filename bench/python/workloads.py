"""What is asked of the subjects, by the names that the table shows.

Leaves to the subjects by which cache, to `slices` how it is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

TWO_INTS = "2 ints"
NO_TAGS = "2 ints, no tags"
EIGHT_TAGS = "2 ints, 8 tags"
TWO_STRS = "2 strs"
DICT_OF_100 = "dict of 100"
COROUTINE = "coroutine"
ON_REDIS = "Redis"
ON_REDIS_NO_TAGS = "Redis, no tags"
ON_REDIS_EIGHT_TAGS = "Redis, 8 tags"
ON_REDIS_THREADS = "Redis, 8 threads"
ON_REDIS_ONE_KEY = "Redis, 100 tasks, one key"
ON_REDIS_OWN_KEYS = "Redis, 100 tasks, own keys"
ON_MEMCACHED = "memcached"

#: The tags of those that have tags, unless the workload's name says how many.
TAGS = ("math", "power")
EIGHT = tuple(f"tag {number}" for number in range(8))


def first(one: object, other: object) -> object:
    return one


def numbered(one: object, other: object) -> dict[int, str]:
    return {number: str(number) for number in range(100)}


async def first_async(one: object, other: object) -> object:
    return one


class Work(NamedTuple):
    """A function, two arguments, and the tags of those that have tags."""

    function: Callable[[object, object], object]
    one: object
    other: object
    tags: tuple[str, ...] = TAGS


IN_PROCESS = {
    TWO_INTS: Work(first, 2, 333),
    NO_TAGS: Work(first, 2, 333, ()),
    EIGHT_TAGS: Work(first, 2, 333, EIGHT),
    TWO_STRS: Work(first, "user:42", "en"),
    DICT_OF_100: Work(numbered, 2, 333),
}

#: On Redis: `first` of two ints, and its tags.
TAGS_ON_REDIS = {ON_REDIS: TAGS, ON_REDIS_NO_TAGS: (), ON_REDIS_EIGHT_TAGS: EIGHT}

#: The key of each of many tasks.
KEYS: dict[str, Callable[[int], int]] = {ON_REDIS_ONE_KEY: lambda _: 1, ON_REDIS_OWN_KEYS: lambda task: task}
