"""The race that most caches lose: data changes and is invalidated while the function still runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import hermes
from hermes.backend._engine import EngineBackend

#: What ends an entry: of the cache, the function, and its argument.
ENDS: dict[str, Callable[[hermes.Hermes, Any], Any]] = {
    "invalidate": lambda cache, function: function.invalidate(1),
    "clean a tag": lambda cache, function: cache.clean(["prices"]),
    "clean a tag of an argument": lambda cache, function: cache.clean(["price:1"]),
    "clean": lambda cache, function: cache.clean(),
}
TAGS = ("prices", "price:{book}")


class Shop:
    """Where the data is. Who reads it takes a while to come back with it."""

    def __init__(self) -> None:
        self.price = 9
        self.has_read = threading.Event()
        self.may_return = threading.Event()

    def read(self, book: int) -> list[int]:
        price = self.price
        self.has_read.set()
        assert self.may_return.wait(20)
        return [price]


@pytest.mark.parametrize("ends", ENDS)
def test_a_value_from_before_the_change_is_not_served_after_it(anywhere: hermes.Hermes, ends: str) -> None:
    shop = Shop()
    price = anywhere(shop.read, tags=TAGS, name="price")
    seen: list[list[int]] = []
    reader = threading.Thread(target=lambda: seen.append(price(1)))
    reader.start()
    assert shop.has_read.wait(20)

    shop.price = 12
    ENDS[ends](anywhere, price)
    shop.may_return.set()
    reader.join()

    assert seen == [[9]], "the reader had asked before"
    assert price(1) == [12]
    assert price(1) == [12]


@pytest.mark.parametrize("ends", ENDS)
def test_who_asks_after_the_change_does_not_wait_for_the_old_value(anywhere: hermes.Hermes, ends: str) -> None:
    shop = Shop()
    price = anywhere(shop.read, tags=TAGS, name="price")
    seen: list[list[int]] = []
    readers = [threading.Thread(target=lambda: seen.append(price(1)))]
    readers[0].start()
    assert shop.has_read.wait(20)

    shop.has_read.clear()
    shop.price = 12
    ENDS[ends](anywhere, price)
    readers.append(threading.Thread(target=lambda: seen.append(price(1))))
    readers[1].start()
    if not isinstance(anywhere.backend, EngineBackend):
        # Its lock is one for all, so that the second reader comes after the first.
        shop.may_return.set()
    assert shop.has_read.wait(20), "the second reader reads for itself"
    shop.may_return.set()
    for reader in readers:
        reader.join()

    assert sorted(seen) == [[9], [12]]
    assert price(1) == [12]


@pytest.mark.parametrize("ends", ["invalidate", "clean a tag", "clean"])
def test_the_same_for_tasks(anywhere: hermes.Hermes, ends: str) -> None:
    async def story() -> None:
        price_now = 9
        has_read, may_return = asyncio.Event(), asyncio.Event()

        @anywhere(tags=("prices",))
        async def price(book: int) -> list[int]:
            price = price_now
            has_read.set()
            await may_return.wait()
            return [price]

        reader = asyncio.ensure_future(price(1))
        await has_read.wait()
        price_now = 12
        if ends == "invalidate":
            await price.invalidate(1)
        else:
            await anywhere.clean_async(["prices"] if ends == "clean a tag" else ())
        may_return.set()
        assert await reader == [9]
        assert [await price(1), await price(1)] == [[12], [12]]

    asyncio.run(story())


def test_a_refresh_overtakes_a_computation(anywhere: hermes.Hermes) -> None:
    shop = Shop()
    price = anywhere(shop.read, name="price")
    reader = threading.Thread(target=price, args=(1,))
    reader.start()
    assert shop.has_read.wait(20)

    shop.has_read.clear()
    shop.price = 12
    refresher = threading.Thread(target=price.refresh, args=(1,))
    refresher.start()
    if not isinstance(anywhere.backend, EngineBackend):
        shop.may_return.set()
    assert shop.has_read.wait(20)
    shop.may_return.set()
    reader.join()
    refresher.join()
    assert price(1) == [12]


def test_many_readers_and_writers_never_see_the_past(anywhere: hermes.Hermes) -> None:
    """Writers change a number and invalidate. Who asks then gets that number or a later one."""
    lock = threading.Lock()
    written = settled = 0

    @anywhere(tags=("numbers",), name="number")
    def number(a: int) -> int:
        return written

    past: list[tuple[int, int]] = []

    def write() -> None:
        nonlocal written, settled
        for turn in range(40):
            with lock:
                written += 1
                mine = written
            number.invalidate(1) if turn % 2 else anywhere.clean(["numbers"])
            with lock:
                settled = max(settled, mine)

    def read() -> None:
        for _ in range(200):
            at_least = settled
            got = number(1)
            if got < at_least:
                past.append((got, at_least))

    threads = [threading.Thread(target=work) for work in (read, read, write, read, read, write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert past == []
    assert number(1) == written
