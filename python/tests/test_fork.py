"""Caches made before a fork, as servers that fork their workers do."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import hermes
from children import in_a_child
from conftest import NewCache
from counted import counted
from servers import PATIENCE_S


@contextmanager
def under_load(*calls: Callable[[int], Any]) -> Iterator[None]:
    """Threads that call these all the while."""
    end = threading.Event()

    def work(call: Callable[[int], Any]) -> None:
        turn = 0
        while not end.is_set():
            call(turn)
            turn += 1

    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        end.set()
        for thread in threads:
            thread.join()


pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def test_a_cache_made_before_the_fork_works_in_the_child(cache: hermes.Hermes) -> None:
    counter, function = counted(cache, tags=("t",))
    function(1)

    def story() -> None:
        before = counter.runs
        assert [function(1), function(2), function(2)] == ["value"] * 3
        function.invalidate(2)
        cache.clean(["t"])
        function(1)
        assert counter.runs > before

    in_a_child(story)
    assert function(1) == "value"


def test_a_cache_that_was_not_used_before_the_fork_works_in_the_child(cache: hermes.Hermes) -> None:
    _, function = counted(cache)
    in_a_child(lambda: [function(1), function(1)])
    assert function(1) == "value"


def test_children_share_a_server_with_their_parent(new_cache_on_a_server: NewCache) -> None:
    counter, function = counted(new_cache_on_a_server(ttl=600))

    def story() -> None:
        function(1)
        function.invalidate(2)

    function(2)
    in_a_child(story)
    function(1)
    assert counter.runs == 1, "the child computed it"
    function(2)
    assert counter.runs == 2, "the child invalidated it"


def test_children_forked_under_load_get_their_own_answers(cache: hermes.Hermes) -> None:
    @cache(tags=("t",))
    def echo(a: int, b: int) -> int:
        return a * 1000 + b

    def story() -> None:
        for a in range(50):
            assert echo(a, 7) == a * 1000 + 7

    with under_load(lambda turn: echo(turn % 50, 1), lambda turn: echo(turn % 50, 2), lambda turn: cache.clean(["t"])):
        for _ in range(15):
            in_a_child(story)


def test_coroutines_go_on_in_children(cache: hermes.Hermes) -> None:
    @cache
    async def echo(a: int) -> int:
        return a

    async def story() -> list[int]:
        return list(await asyncio.gather(*[echo(a) for a in (1, 2, 3, 1)]))

    assert asyncio.run(story()) == [1, 2, 3, 1]
    in_a_child(lambda: asyncio.run(story()))
    assert asyncio.run(story()) == [1, 2, 3, 1]


def test_a_child_computes_what_its_parent_leads(in_process: hermes.Hermes) -> None:
    began, may_end = threading.Event(), threading.Event()

    @in_process
    def slow(a: int) -> int:
        began.set()
        assert may_end.wait(20)
        return os.getpid()

    leader = threading.Thread(target=slow, args=(1,))
    leader.start()
    assert began.wait(20)

    def story() -> None:
        may_end.set()
        assert slow(1) == os.getpid()

    in_a_child(story)
    may_end.set()
    leader.join()
    assert slow(1) == os.getpid()


def test_grandchildren_work_too(cache: hermes.Hermes) -> None:
    _, function = counted(cache)
    function(1)
    in_a_child(lambda: in_a_child(lambda: function(1)))


def test_hooks_of_others_around_a_fork_may_let_other_threads_run() -> None:
    program = Path(__file__).with_name("fork_among_others.py")
    subprocess.run([sys.executable, "-W", "ignore", str(program)], check=True, timeout=PATIENCE_S)
