"""What HermesCache's API has more here, and its names of the past."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import pickle
import subprocess
import sys
import weakref
from collections import Counter
from typing import Any

import pytest

import hermes
from conftest import NewCache
from counted import Counted, counted


def test_none_is_a_value_like_any_other(cache: hermes.Hermes) -> None:
    counter, function = counted(cache, None)
    assert [function(), function()] == [None, None]
    assert counter.runs == 1


def test_cache_none_false_computes_none_each_time(new_cache: NewCache) -> None:
    counter, function = counted(new_cache(cache_none=False), None)
    assert [function(), function()] == [None, None]
    assert counter.runs == 2


def test_refresh_computes_and_replaces(cache: hermes.Hermes) -> None:
    counter, function = counted(cache)
    function(1)
    counter.result = "new"
    assert function(1) == "value"
    assert function.refresh(1) == "new"
    assert function(1) == "new"
    assert counter.runs == 2


def test_peek_never_computes(cache: hermes.Hermes) -> None:
    counter, function = counted(cache)
    assert function.peek(1) is None
    function(1)
    assert function.peek(1) == "value"
    function.invalidate(1)
    assert function.peek(1) is None
    assert counter.runs == 1


def test_uncached_is_the_function_itself(cache: hermes.Hermes) -> None:
    counter, function = counted(cache)
    assert [function.uncached(1), function.uncached(1)] == ["value", "value"]
    assert counter.runs == 2
    assert function.peek(1) is None


def test_clear_drops_all_entries_of_one_function(cache: hermes.Hermes) -> None:
    counter, function = counted(cache, name="one")
    other_counter, other = counted(cache, name="other")
    for argument in (1, 2):
        function(argument), other(argument)
    function.clear()
    for argument in (1, 2):
        function(argument), other(argument)
    assert (counter.runs, other_counter.runs) == (4, 2)


def test_key_names_the_entry_that_dump_lists(cache: hermes.Hermes) -> None:
    _, function = counted(cache, tags=("b", "a"))
    function(1)
    [entry] = cache.dump()
    assert entry.key == function.key(1)
    assert sorted(entry.tags) == ["a", "b"]
    assert 590 < entry.ttl <= 600
    assert entry.size > 0
    function.invalidate(1)
    assert cache.dump() == []


def test_stats_count_what_happened_here(cache: hermes.Hermes) -> None:
    _, function = counted(cache)
    for argument in (1, 1, 2):
        function(argument)
    stats = cache.stats()
    assert set(stats) == {"hits", "misses", "computations", "waits", "errors", "fenced_commits"}
    assert (stats["hits"], stats["misses"], stats["computations"], stats["errors"]) == (1, 2, 2, 0)


def test_clean_takes_a_single_tag_as_a_word(cache: hermes.Hermes) -> None:
    counter, function = counted(cache, tags="math")
    function()
    cache.clean("m")
    function()
    assert counter.runs == 1
    cache.clean("math")
    function()
    assert counter.runs == 2


def test_clean_spares_what_is_not_the_caches(redis: Any) -> None:
    redis.command("SET", "somebody's", "data")
    options = {"host": "127.0.0.1", "port": redis.port}

    class Neighbour(hermes.Mangler):
        prefix = "neighbour"

    ours = hermes.Hermes(hermes.backend.redis.Backend, **options)
    theirs = hermes.Hermes(hermes.backend.redis.Backend, mangler=Neighbour(), **options)
    our_counter, our_function = counted(ours)
    their_counter, their_function = counted(theirs)
    our_function(), their_function()
    ours.clean()
    our_function(), their_function()
    assert (our_counter.runs, their_counter.runs) == (2, 1)
    assert redis.command("GET", "somebody's") == b"data"


@pytest.mark.parametrize("ttl", [0, -1, -0.5])
def test_a_ttl_of_nothing_keeps_nothing(in_process: hermes.Hermes, ttl: float) -> None:
    counter, function = counted(in_process, ttl=ttl)
    function(), function()
    assert counter.runs == 2


@pytest.mark.parametrize("ttl", ["60", object(), True])
def test_a_ttl_is_a_number(in_process: hermes.Hermes, ttl: Any) -> None:
    with pytest.raises(TypeError):
        counted(in_process, ttl=ttl)
    with pytest.raises(TypeError):
        in_process.ttl = ttl


def test_a_ttl_of_none_means_for_good(in_process: hermes.Hermes) -> None:
    in_process.ttl = None
    counter, function = counted(in_process)
    function(), function()
    assert counter.runs == 1
    [entry] = in_process.dump()
    assert entry.ttl > 10 * 365 * 24 * 3600


def test_a_ttl_may_be_a_part_of_a_second(in_process: hermes.Hermes) -> None:
    _, function = counted(in_process, ttl=0.5)
    function()
    [entry] = in_process.dump()
    assert 0 < entry.ttl <= 0.5


def test_the_names_of_the_past_are_understood() -> None:
    made = hermes.Hermes(
        backendClass=hermes.backend.dict.Backend, manglerClass=hermes.Mangler, cachedClass=hermes.Cached, ttl=360
    )
    counter, function = counted(made)
    assert [function(), function()] == ["value", "value"]
    assert (counter.runs, made.ttl, type(made.mangler)) == (1, 360, hermes.Mangler)
    made = hermes.Hermes(hermes.backend.dict.Backend, hermes.Mangler, hermes.Cached)
    assert counted(made)[1]() == "value"
    assert list(made.backend.dump().values()) == ["value"]


def test_making_a_cache_connects_nowhere() -> None:
    nowhere = {"host": "127.0.0.1", "port": 1}
    cache = hermes.Hermes(hermes.backend.redis.Backend, **nowhere, db=1, ttl=600)
    counted(cache, tags=("t",))
    hermes.Hermes(hermes.backend.memcached.Backend, servers=["127.0.0.1:1", ("127.0.0.1", 2)])
    hermes.Hermes(hermes.backend.memcached.Backend, server="127.0.0.1:1")


@pytest.mark.parametrize(
    "options",
    [
        {"socket_timeout": 1, "socket_connect_timeout": 2},
        {"username": "u:ser", "password": "p@ss/word?"},
        {"unix_socket_path": "/run/redis socket"},
        {"lockconf": {"sleep": 0.1, "timeout": 900}},
        {"url": "redis+cluster://one,two", "lease": 2.5, "trust_restored_data": True},
        {"ssl": True, "ssl_cert_reqs": "required"},
        {"secret": b"shared by all", "value_limit": 1000},
        {"serialiser": "json"},
    ],
)
def test_redis_takes_its_clients_keywords_and_the_engines(options: dict[str, Any]) -> None:
    hermes.Hermes(hermes.backend.redis.Backend, **options)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"nope": 1}, TypeError),
        ({"lockconf": {"nope": 1}}, TypeError),
        ({"timeout": "1s"}, TypeError),
        ({"ssl": True, "ssl_cert_reqs": "none"}, hermes.HermesError),
        ({"url": "redis://localhost?nope=1"}, hermes.HermesError),
        ({"url": "carrier-pigeon://"}, hermes.HermesError),
        ({"serialiser": "marshal"}, (hermes.HermesError, ValueError)),
    ],
)
def test_what_redis_does_not_take_is_refused(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        hermes.Hermes(hermes.backend.redis.Backend, **options)


def test_what_only_tunes_another_client_is_ignored_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="health_check_interval, max_connections") as caught:
        hermes.Hermes(hermes.backend.redis.Backend, max_connections=10, health_check_interval=5)
    assert caught[0].filename == __file__


def test_a_prefix_that_is_no_namespace_is_refused() -> None:
    class Wrong(hermes.Mangler):
        prefix = "with blanks"

    with pytest.raises(hermes.HermesError, match="blank"):
        hermes.Hermes(hermes.backend.inprocess.Backend, mangler=Wrong())


def test_partials_and_callable_objects_can_be_cached(in_process: hermes.Hermes) -> None:
    power = in_process(functools.partial(pow, 2))
    assert [power(5), power(5)] == [32, 32]
    counter = Counted()
    cached = in_process(counter)
    assert [cached(1), cached(1)] == ["value", "value"]
    assert counter.runs == 1


def test_async_generators_are_refused(in_process: hermes.Hermes) -> None:
    async def generate() -> Any:
        yield 1

    with pytest.raises(hermes.HermesError):
        in_process(generate)


def test_classmethods_keep_classes_apart(in_process: hermes.Hermes) -> None:
    class Base:
        @in_process
        @classmethod
        def outside(cls, a: int) -> list[Any]:
            return [cls.__name__, a]

    class Sub(Base):
        pass

    assert [Base.outside(1), Sub.outside(1), Base().outside(1), Sub().outside(1)] == [
        ["Base", 1],
        ["Sub", 1],
        ["Base", 1],
        ["Sub", 1],
    ]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="from 3.13 on a classmethod does not pass its descriptor on")
def test_classmethods_can_be_outside(in_process: hermes.Hermes) -> None:
    runs = Counter[str]()

    class Base:
        @classmethod
        @in_process
        def inside(cls, a: int) -> list[Any]:
            runs["inside"] += 1
            return [cls.__name__, a]

    class Sub(Base):
        pass

    assert [Base.inside(1), Sub.inside(1), Base().inside(1)] == [["Base", 1], ["Sub", 1], ["Base", 1]]
    Base.inside.invalidate(1)
    assert [Base.inside(1), runs["inside"]] == [["Base", 1], 3]


def test_a_method_called_through_its_class_has_the_same_key(in_process: hermes.Hermes) -> None:
    class Example:
        @in_process
        def method(self, a: int) -> int:
            return a

    example = Example()
    assert Example.method.key(example, 1) == example.method.key(1)


def test_a_bound_method_has_the_signature_of_its_calls(in_process: hermes.Hermes) -> None:
    class Example:
        @in_process
        def method(self, a: int, b: int = 2) -> int:
            "What it says."
            return a

    example = Example()
    assert list(inspect.signature(example.method).parameters) == ["a", "b"]
    assert (example.method.__name__, example.method.__doc__) == ("method", "What it says.")
    assert example.method.__self__ is example


class Inherited:
    cache = hermes.Hermes(hermes.backend.inprocess.Backend)
    runs = 0

    @cache
    def method(self, a: int) -> list[str]:
        Inherited.runs += 1
        return [type(self).__name__]


class Heir(Inherited):
    def method(self, a: int) -> list[str]:  # type: ignore[override]
        return [*super().method(a), "and more"]


def test_super_reaches_the_cached_method() -> None:
    assert Heir().method(1) == ["Heir", "and more"]
    assert Heir().method(1) == ["Heir", "and more"]
    assert Inherited.runs == 1


_module_cache = hermes.Hermes(hermes.backend.inprocess.Backend)


@_module_cache
def found_by_name(a: int) -> int:
    return a


def test_a_cached_function_is_pickled_and_copied_by_name() -> None:
    assert pickle.loads(pickle.dumps(found_by_name)) is found_by_name
    assert copy.deepcopy(found_by_name) is found_by_name


def test_cached_functions_and_caches_are_freed() -> None:
    cache = hermes.Hermes(hermes.backend.inprocess.Backend)
    _, function = counted(cache)
    function()
    gone = [weakref.ref(function), weakref.ref(cache)]
    del function, cache
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_a_name_stands_in_for_the_qualified_name(redis: Any) -> None:
    def cache() -> hermes.Hermes:
        return hermes.Hermes(hermes.backend.redis.Backend, host="127.0.0.1", port=redis.port)

    counter, function = counted(cache(), name="shop:prices")
    moved_counter, moved = counted(cache(), name="shop:prices")
    newer_counter, newer = counted(cache(), name="shop:prices", version="2")
    function(1), moved(1), newer(1)
    assert (counter.runs, moved_counter.runs, newer_counter.runs) == (1, 0, 1)


def test_lambdas_in_one_module_do_not_share(in_process: hermes.Hermes) -> None:
    one = in_process(lambda a: ["one", a])
    with pytest.warns(RuntimeWarning, match="name="):
        two = in_process(lambda a: ["two", a])
        assert [one(1), two(1)] == [["one", 1], ["two", 1]]


def test_nothing_runs_in_the_background_of_an_idle_process() -> None:
    program = (
        "import hermes, os\n"
        "cache = hermes.Hermes(hermes.backend.inprocess.Backend)\n"
        "cache(len, tags=('t',))([1])\n"
        "cache.clean(['t'])\n"
        "assert len(os.listdir('/proc/self/task')) == 1\n"
    )
    subprocess.run([sys.executable, "-I", "-c", program], check=True)


def test_a_mere_import_brings_all_backends() -> None:
    program = (
        "import hermes; hermes.backend.redis.Backend, hermes.backend.memcached.Backend, hermes.backend.dict.Backend"
    )
    subprocess.run([sys.executable, "-I", "-W", "error", "-c", program], check=True)
