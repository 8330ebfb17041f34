"""Measures whichever subject it is told to: `worker.py GROUP REDIS_PORT MEMCACHED_PORT`.

Prints its subjects in one line of JSON, then for each line with the number of one the microseconds a call of it took.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable

from slices import Subject


def subjects(group: str, redis: int, memcached: int) -> Iterable[Subject]:
    """The group that this interpreter has the packages for."""
    events = asyncio.new_event_loop()
    asyncio.set_event_loop(events)
    import alike

    if group == "ancestor":
        return alike.of_ancestor(events, redis, memcached)
    if group == "elder":
        return alike.of_elder(events, redis, memcached)
    import peers

    return (*alike.of_hermes(events, redis, memcached), *peers.of_peers(events, redis, memcached))


def main(group: str, redis: str, memcached: str) -> None:
    there = list(subjects(group, int(redis), int(memcached)))
    print(json.dumps([(subject.workload, subject.name) for subject in there]), flush=True)
    for line in sys.stdin:
        print(there[int(line)].measure(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
