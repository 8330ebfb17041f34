"""What a caller does to a value, and what a cache may know of it."""

from __future__ import annotations

import dataclasses
import pickle
import socket
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

import pytest

import hermes
from conftest import NewCache
from counted import counted
from servers import Redis


@dataclasses.dataclass
class Basket:
    items: list[str]


MUTABLE = [
    [1, [2]],
    {"a": {"b": 1}},
    {1, 2},
    bytearray(b"abc"),
    ([1], (2, [3])),
    Basket(["apple"]),
    OrderedDict(a=[1]),
    defaultdict(list, a=[1]),
    deque([1, [2]]),
    Counter("abc"),
]


@pytest.mark.parametrize("value", MUTABLE, ids=[type(value).__name__ for value in MUTABLE])
def test_a_caller_gets_a_copy_each_time(in_process: hermes.Hermes, value: Any) -> None:
    counter, function = counted(in_process, value)
    assert function() == value
    one, other = function(), function()
    assert one == other == value
    assert len({id(one), id(other), id(value)}) == 3
    assert type(one) is type(value)
    assert counter.runs == 1


def test_a_caller_that_changes_its_value_changes_nobody_elses(cache: hermes.Hermes) -> None:
    def listed(a: int) -> list[Any]:
        return [a, {"deep": [a]}]

    function = cache(listed)
    computed = function(1)
    computed.append("mine")
    computed[1]["deep"].append("mine")
    hit = function(1)
    assert hit == [1, {"deep": [1]}]
    hit[1]["deep"].append("mine")
    assert function(1) == [1, {"deep": [1]}]


def spoil(container: Any) -> None:
    container.clear()
    if isinstance(container, dict):
        container["mine"] = "mine"
    elif isinstance(container, list):
        container.append("mine")
    else:
        container.add("mine")


FLAT = [{"a": 1, (1, "b"): None}, [1, "a", (2.5, b"x"), None], {1, "a", frozenset({2})}, {}, [], set()]


@pytest.mark.parametrize("value", FLAT, ids=repr)
def test_containers_of_what_cannot_change_are_copies_too(in_process: hermes.Hermes, value: Any) -> None:
    as_it_was = value.copy()
    computed = value.copy()
    counter, function = counted(in_process, computed)
    spoil(function())
    spoil(computed)
    spoil(function())
    spoil(function.peek())
    spoil(next(iter(in_process.backend.dump().values())))
    assert function() == as_it_was
    assert type(function()) is type(value)
    assert counter.runs == 1


def test_what_is_saved_by_hand_is_a_copy(in_process: hermes.Hermes) -> None:
    by_hand = {"a": 1}
    in_process.backend.save({"entry": by_hand})
    spoil(by_hand)
    spoil(in_process.backend.load("entry"))
    assert in_process.backend.load("entry") == {"a": 1}


class OddDict(dict[str, int]):
    """A dict with a copy of its own making."""

    def copy(self) -> OddDict:
        return self


def test_a_container_of_a_class_of_its_own_is_never_copied_by_it(in_process: hermes.Hermes) -> None:
    _, function = counted(in_process, OddDict(a=1))
    spoil(function())
    hit = function()
    assert (type(hit), hit) == (OddDict, {"a": 1})


def test_a_peek_and_a_refresh_are_copies_too(in_process: hermes.Hermes) -> None:
    @in_process
    def listed(a: int) -> list[int]:
        return [a]

    listed.refresh(1).append(2)
    peeked = listed.peek(1)
    assert peeked == [1]
    peeked.append(2)
    assert listed.peek(1) == [1]


IMMUTABLE = [
    1,
    2**100,
    1.5,
    1j,
    True,
    None,
    "text",
    b"bytes",
    (),
    (1, "a", (None, b"x")),
    frozenset({1, (2, 3)}),
    range,
]


@pytest.mark.parametrize("value", IMMUTABLE, ids=repr)
def test_what_is_immutable_through_and_through_is_handed_out_as_it_is(in_process: hermes.Hermes, value: Any) -> None:
    _, function = counted(in_process, value)
    function()
    assert function() is value


def test_an_unpicklable_result_is_returned_uncached_with_a_warning_once(cache: hermes.Hermes) -> None:
    with socket.socket() as unpicklable:
        counter, function = counted(cache, [unpicklable])
        with pytest.warns(RuntimeWarning):
            assert function()[0] is unpicklable
        assert function()[0] is unpicklable
    assert counter.runs == 2


@pytest.mark.parametrize("serialiser", ["messagepack", "json"])
def test_values_that_other_languages_read_come_back_as_they_were(
    new_cache_on_a_server: NewCache, serialiser: str
) -> None:
    value = {"name": "apple", "price": 1.5, "tags": ["a", "b"], "stock": None, "fresh": True, "number": -(2**40)}
    counter, function = counted(new_cache_on_a_server(serialiser=serialiser), value)
    assert function() == value
    assert function() == value
    assert counter.runs == 1


@pytest.mark.parametrize("value", [object(), {1, 2}, Basket(["apple"])], ids=lambda value: type(value).__name__)
def test_json_does_not_keep_what_would_come_back_as_something_else(redis: Redis, value: Any) -> None:
    options = {"host": "127.0.0.1", "port": redis.port, "serialiser": "json"}
    counter, function = counted(hermes.Hermes(hermes.backend.redis.Backend, **options), value)
    with pytest.warns(RuntimeWarning):
        assert function() is value
    assert function() is value
    assert counter.runs == 2


class Trap:
    """Shows that a pickle was opened."""

    sprung = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return _spring, ()


def _spring() -> None:
    Trap.sprung += 1


def the_entry(redis: Redis) -> str:
    [key] = redis.command("EVAL", "return table.concat(redis.call('KEYS', '*:entry:*'), '\\n')", "0").decode().split()
    return key


def test_a_pickle_that_is_not_signed_is_a_miss_and_is_never_opened(redis: Redis) -> None:
    where = {"host": "127.0.0.1", "port": redis.port}
    value = [Trap()]
    for secret, opened in ((None, 1), (b"ours", 0)):
        redis.empty()
        Trap.sprung = 0
        written_by = hermes.Hermes(hermes.backend.redis.Backend, **where)
        counted(written_by, value, name="signed")[1]()
        counter, function = counted(
            hermes.Hermes(hermes.backend.redis.Backend, **where, secret=secret), "ours", name="signed"
        )
        function()
        assert (Trap.sprung > 0, counter.runs) == (opened > 0, 1 - opened), secret


def test_signed_pickles_are_read_by_who_has_the_secret(redis: Redis) -> None:
    def reader(secret: bytes) -> tuple[Any, Any]:
        options = {"host": "127.0.0.1", "port": redis.port, "secret": secret}
        return counted(hermes.Hermes(hermes.backend.redis.Backend, **options), ["value"], name="shared secret")

    writer_counter, writer = reader(b"ours")
    writer()
    ours_counter, ours = reader(b"ours")
    assert ours() == ["value"]
    theirs_counter, theirs = reader(b"theirs")
    assert theirs() == ["value"]
    assert theirs.frontend.stats()["errors"] == 1
    assert (writer_counter.runs, ours_counter.runs, theirs_counter.runs) == (1, 0, 1)


@pytest.mark.parametrize("garbage", ["", "garbage", pickle.dumps([1]).decode("latin-1")])
def test_garbage_on_the_server_is_a_miss(redis: Redis, garbage: str) -> None:
    counter, function = counted(hermes.Hermes(hermes.backend.redis.Backend, host="127.0.0.1", port=redis.port), [1])
    function()
    redis.command("SET", the_entry(redis), garbage)
    assert function() == [1]
    assert function() == [1]
    assert counter.runs == 2


def test_a_manglers_bytes_are_what_lies_on_the_server(redis: Redis) -> None:
    class Plain(hermes.Mangler):
        serialiser = hermes.Serialiser(lambda value: f"<<{value}>>".encode(), lambda data: data.decode()[2:-2])
        compressor = None

    options = {"host": "127.0.0.1", "port": redis.port}
    counter, function = counted(hermes.Hermes(hermes.backend.redis.Backend, mangler=Plain(), **options), "text")
    function()
    assert function() == "text"
    assert counter.runs == 1
    assert b"<<text>>" in redis.command("GET", the_entry(redis))


def test_a_manglers_bytes_are_what_copies_in_process_are_made_of() -> None:
    class Plain(hermes.Mangler):
        serialiser = hermes.Serialiser(lambda value: repr(value.items).encode(), lambda data: Basket(eval(data)))

    cache = hermes.Hermes(hermes.backend.inprocess.Backend, mangler=Plain())
    _, function = counted(cache, Basket(["apple"]))
    function().items.append("mine")
    function().items.append("mine")
    assert function() == Basket(["apple"])
    assert list(cache.backend.dump().values()) == [Basket(["apple"])]


def test_long_pickles_are_compressed_unless_the_mangler_says_otherwise(redis: Redis) -> None:
    class Uncompressed(hermes.Mangler):
        compressor = None

    lengths = []
    for mangler in (hermes.Mangler(), Uncompressed()):
        redis.empty()
        options = {"host": "127.0.0.1", "port": redis.port, "mangler": mangler}
        _, function = counted(hermes.Hermes(hermes.backend.redis.Backend, **options), "a" * 10_000)
        function()
        assert function() == "a" * 10_000
        lengths.append(int(redis.command("STRLEN", the_entry(redis))))
    assert lengths[0] < 1000 < 10_000 < lengths[1]
