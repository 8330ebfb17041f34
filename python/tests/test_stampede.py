"""One computation, however many ask at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hermes
from conftest import NewCache
from servers import Memcached, Redis, wait_until

#: Each process says that it is ready, waits for the word, and lets its threads loose on one key.
PROCESS = """
import os, sys, threading
import hermes

place, port, folder = sys.argv[1:]
options = {"server": f"127.0.0.1:{port}"} if place == "memcached" else {"host": "127.0.0.1", "port": int(port)}
cache = hermes.Hermes(getattr(hermes.backend, place).Backend, ttl=60, timeout=10, **options)
go = threading.Event()

@cache(tags=("t",), name="stampede")
def slow(a):
    open(os.path.join(folder, f"run-{os.getpid()}-{threading.get_ident()}"), "w").close()
    # Until the test has seen that everybody is there.
    while not os.path.exists(os.path.join(folder, "end")):
        threading.Event().wait(0.01)
    return ["value", a]

def ask():
    go.wait()
    open(os.path.join(folder, f"asked-{os.getpid()}-{threading.get_ident()}"), "w").close()
    assert slow(1) == ["value", 1]

threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads:
    thread.start()
print("ready", flush=True)
sys.stdin.readline()
go.set()
for thread in threads:
    thread.join()
print("served", flush=True)
"""


@pytest.mark.parametrize("place", ["redis", "memcached"])
def test_four_processes_of_four_threads_compute_once(
    place: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: Redis | Memcached = request.getfixturevalue(place)
    command = [sys.executable, "-I", "-c", PROCESS, place, str(server.port), str(tmp_path)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        wait_until("all threads ask", lambda: len(list(tmp_path.glob("asked-*"))) == 16)
        wait_until("one computes", lambda: len(list(tmp_path.glob("run-*"))) >= 1)
        (tmp_path / "end").touch()
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "served\n"
            assert process.wait(20) == 0
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert len(list(tmp_path.glob("run-*"))) == 1


def together(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return, each in a thread of its own, begun at once."""
    results: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int, call: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[place] = call()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Slow:
    """A function that runs until it is told, and says how often it began."""

    def __init__(self) -> None:
        self.runs = 0
        self.began = threading.Semaphore(0)
        self.may_end = threading.Event()

    def __call__(self, a: int = 1) -> list[int]:
        self.runs += 1
        run = self.runs
        self.began.release()
        assert self.may_end.wait(20)
        return [a, run]


def test_threads_compute_once(cache: hermes.Hermes) -> None:
    slow = Slow()
    function = cache(slow.__call__, name="slow")
    waits_before = cache.stats()["waits"]

    def let_it_end() -> None:
        wait_until("seven wait", lambda: cache.stats()["waits"] - waits_before >= 7)
        slow.may_end.set()

    got = together(let_it_end, *[lambda: function(1)] * 8)
    assert got[1:] == [[1, 1]] * 8
    assert slow.runs == 1


def test_followers_get_copies(in_process: hermes.Hermes) -> None:
    slow = Slow()
    function = in_process(slow.__call__, name="slow")

    def let_it_end() -> None:
        wait_until("three wait", lambda: in_process.stats()["waits"] >= 3)
        slow.may_end.set()

    got = together(let_it_end, *[lambda: function(1)] * 4)[1:]
    assert got == [[1, 1]] * 4
    assert len({id(value) for value in got}) == 4


def test_an_exception_belongs_to_who_computed_it(cache: hermes.Hermes) -> None:
    lock = threading.Lock()
    runs = 0

    def fails_first(a: int) -> str:
        nonlocal runs
        with lock:
            runs += 1
            is_first = runs == 1
        if is_first:
            raise ValueError("first")
        return "value"

    function = cache(fails_first)
    got = together(*[lambda: function(1)] * 4)
    assert sorted(map(str, got)) == ["first", "value", "value", "value"]


def test_a_function_may_ask_for_itself(cache: hermes.Hermes) -> None:
    @cache
    def ask_again(depth: int) -> int:
        return depth

    @cache(key=lambda fn, depth: "always the same")
    def itself(depth: int) -> int:
        return 0 if depth == 0 else 1 + itself(depth - 1)

    assert itself(2) == 2
    assert ask_again(1) == 1


def test_a_killed_leader_frees_the_key_within_its_lease(redis: Redis, tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", PROCESS, "redis", str(redis.port), str(tmp_path)]
    leader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert leader.stdin is not None
        leader.stdin.write("go\n")
        leader.stdin.flush()
        wait_until("it leads", lambda: len(list(tmp_path.glob("run-*"))) == 1)
    finally:
        leader.kill()
        leader.communicate()
    cache = hermes.Hermes(hermes.backend.redis.Backend, host="127.0.0.1", port=redis.port, ttl=60, timeout=10)

    @cache(tags=("t",), name="stampede")
    def next_one(a: int) -> str:
        return "computed here"

    # The watchdog's two minutes are far below HermesCache's fifteen.
    assert next_one(1) == "computed here"
    assert next_one.peek(1) == "computed here"


def test_user_code_that_calls_the_cache_hangs_nobody(in_process: hermes.Hermes) -> None:
    """The interpreter's lock and the cache's must not wait for each other."""

    @in_process
    def inner(a: int) -> list[int]:
        return [a]

    class Nosy:
        def __init__(self, a: int) -> None:
            self.a = a

        def __reduce__(self) -> tuple[Any, ...]:
            return _nosy, (inner(self.a)[0],)

        def __del__(self) -> None:
            inner.invalidate(self.a)

        def __hermes_key__(self) -> list[int]:
            return inner(self.a)

    def _nosy(a: int) -> Nosy:
        return Nosy(a)

    globals()["_nosy"] = _nosy
    _nosy.__qualname__ = "_nosy"

    @in_process(tags=lambda fn, nosy: [str(inner(nosy.a))])
    def outer(nosy: Nosy) -> list[Any]:
        return [Nosy(nosy.a)]

    def work() -> None:
        for a in range(300):
            assert outer(Nosy(a % 7))[0].a == a % 7
            if a % 5 == 0:
                outer.invalidate(Nosy(a % 7))
            if a % 50 == 0:
                in_process.clean(["[1]"])

    assert together(*[work] * 8) == [None] * 8


def test_processes_see_each_others_invalidations(new_cache_on_a_server: NewCache) -> None:
    here, there = new_cache_on_a_server(ttl=600), new_cache_on_a_server(ttl=600)
    runs = []

    def function(a: int) -> int:
        runs.append(a)
        return len(runs)

    one, other = here(function, tags=("t",), name="shared"), there(function, tags=("t",), name="shared")
    assert [one(1), other(1)] == [1, 1]
    other.invalidate(1)
    assert [one(1), other(1)] == [2, 2]
    here.clean(["t"])
    assert [other(1), one(1)] == [3, 3]
    there.clean()
    assert [one(1), other(1)] == [4, 4]
