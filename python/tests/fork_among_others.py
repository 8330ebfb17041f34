"""Forks where another's hook lets other threads run right before: all of them go on, in the parent and in the child."""

from __future__ import annotations

import asyncio
import os
import threading

go, done = threading.Event(), threading.Event()


def let_others_run() -> None:
    go.set()
    assert done.wait(20)


# Hooks that were there first run last: between those of the package and the fork.
os.register_at_fork(before=let_others_run, after_in_parent=let_others_run)

import hermes  # noqa: E402

cache = hermes.Hermes(hermes.backend.inprocess.Backend, ttl=600)


@cache
def number(a: int) -> int:
    return a


@cache
async def slow(a: int) -> int:
    await asyncio.sleep(0.01)
    return a


async def many() -> None:
    # All but the first wait, each with an alarm for the end of its patience.
    assert await asyncio.gather(*[slow(7) for _ in range(10)]) == [7] * 10


def others() -> None:
    go.wait()
    # The first hit of this thread.
    assert number(1) == 1
    asyncio.run(many())
    done.set()


number(1)
threading.Thread(target=others).start()
child = os.fork()
if child == 0:
    number(1)
    asyncio.run(many())
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
number(1)
