"""Signals that come while the main thread waits for another's computation."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

import hermes
from children import in_a_child
from servers import PATIENCE_S, wait_until


class Slow:
    """A function behind a cache that another thread computes, until it is told to end."""

    def __init__(self, cache: hermes.Hermes) -> None:
        self.cache = cache
        self.runs = 0
        self.began, self.may_end = threading.Event(), threading.Event()
        self.cached: Any = cache(self._compute, name="slow")

    def _compute(self, a: int) -> int:
        self.runs += 1
        self.began.set()
        assert self.may_end.wait(PATIENCE_S)
        return a

    @contextmanager
    def led_by_another(self) -> Iterator[None]:
        leader = threading.Thread(target=self.cached, args=(1,))
        leader.start()
        assert self.began.wait(PATIENCE_S)
        try:
            yield
        finally:
            self.may_end.set()
            leader.join()

    def interrupt_who_waits(self) -> None:
        wait_until("the main thread waits", lambda: self.cache.stats()["waits"] == 1)
        os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def slow(anywhere: hermes.Hermes) -> Slow:
    return Slow(anywhere)


@contextmanager
def on_interruption(handler: Any) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interruption_ends_a_wait(slow: Slow) -> None:
    with on_interruption(signal.default_int_handler), slow.led_by_another():
        threading.Thread(target=slow.interrupt_who_waits).start()
        with pytest.raises(KeyboardInterrupt):
            slow.cached(1)
    assert slow.cached(1) == 1
    assert slow.runs == 1


def test_a_handler_that_does_not_raise_runs_and_the_wait_goes_on(slow: Slow) -> None:
    def handler(number: int, frame: FrameType | None) -> None:
        slow.may_end.set()

    with on_interruption(handler), slow.led_by_another():
        threading.Thread(target=slow.interrupt_who_waits).start()
        assert slow.cached(1) == 1
    assert slow.runs == 1


def test_an_interruption_ends_a_wait_in_a_child_that_another_thread_has_forked(slow: Slow) -> None:
    def fork() -> None:
        # It asks whether it is the main thread, which it comes to be in the child.
        assert slow.cache(name="quick")(lambda: 1)() == 1
        in_a_child(lambda: test_an_interruption_ends_a_wait(slow))

    with ThreadPoolExecutor(1) as other_thread:
        other_thread.submit(fork).result()
