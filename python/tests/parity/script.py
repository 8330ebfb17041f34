"""What a caller can see of a cache, as JSON: run under HermesCache and under this package, it must print the same.

Called as ``script.py inprocess`` or ``script.py redis PORT``. It uses only what both have, and shows no names of keys,
which are each one's own.
"""

from __future__ import annotations

import asyncio
import collections
import inspect
import json
import sys
import threading
import time
import warnings

import hermes
import hermes.backend
import hermes.backend.inprocess
import hermes.backend.redis

SCENARIOS = []


def scenario(story):
    SCENARIOS.append(story)
    return story


class Counted(collections.Counter):
    """How often each function was computed."""

    def of(self, name, call):
        """What the call returns, and how many computations it took."""
        before = self[name]
        return [call(), self[name] - before]


def new(backend=None, **options):
    if backend is None and sys.argv[1] == "redis":
        cache = hermes.Hermes(hermes.backend.redis.Backend, port=int(sys.argv[2]), db=1, **options)
    else:
        cache = hermes.Hermes(backend or hermes.backend.inprocess.Backend, **options)
    cache.clean()
    return cache


def raised(call):
    """The class of what a call raises, as far as both know it."""
    try:
        call()
    except hermes.HermesError:
        return "HermesError"
    except Exception as error:
        return type(error).__name__
    return None


@scenario
def a_function_is_computed_once_for_each_argument():
    cache, count = new(ttl=60), Counted()

    @cache
    def double(a):
        count["double"] += 1
        return a * 2

    return [count.of("double", lambda a=a: double(a)) for a in (1, 1, 2, 1, 2)]


@scenario
def arguments_of_other_types_are_other_arguments():
    cache, count = new(ttl=60), Counted()

    @cache
    def same(*args, **kwargs):
        count["same"] += 1
        return repr((args, sorted(kwargs.items())))

    calls = [(1,), (1.0,), (True,), ("1",), (b"1",), ([1],), ((1,),), (None,), (), ({"a": 1},)]
    seen = [count.of("same", lambda args=args: same(*args)) for args in [*calls, *calls]]
    return seen, count.of("same", lambda: same(a=1, b=2)), count.of("same", lambda: same(b=2, a=1))


@scenario
def metadata_is_that_of_the_function():
    cache = new()

    @cache
    def documented(a, b=3, *rest, k=1, **kw) -> int:
        "What it says."
        return a

    return [
        documented.__name__,
        documented.__qualname__,
        documented.__doc__,
        documented.__module__,
        str(inspect.signature(documented)),
        documented.__wrapped__(5),
        callable(documented),
        isinstance(documented, hermes.Cached),
    ]


@scenario
def the_decorator_takes_options_or_none():
    cache, count = new(ttl=60), Counted()

    def plain(a):
        count["plain"] += 1
        return a

    forms = [cache(plain), cache()(plain), cache(ttl=5)(plain), cache(plain, ttl=5), cache(plain, tags=("t",))]
    cache.clean()
    return [count.of("plain", lambda form=form: form(3)) for form in forms[:1]], [form(4) for form in forms]


@scenario
def wrong_uses_are_refused():
    cache = new()
    return [
        raised(lambda: cache(1)),
        raised(lambda: cache(nope=1)),
        raised(lambda: hermes.Hermes(42)),
        raised(lambda: hermes.Hermes("redis://")),
        raised(lambda: hermes.Hermes(hermes.backend.inprocess.Backend, nope=1)),
        raised(lambda: hermes.Hermes(hermes.backend.redis.Backend, nope=1)),
        raised(lambda: cache.clean(1)),
        raised(lambda: cache(lambda a: a)(1, 2, 3)),
    ]


@scenario
def builtins_and_classes_can_be_cached():
    cache = new()

    class Named:
        def __init__(self, name):
            self.name = name

    globals()["Named"] = Named
    Named.__qualname__ = "Named"
    return cache(len)([1, 2]), cache(Named)("x").name, cache(Named)("x").name


@scenario
def invalidate_forgets_one_entry():
    cache, count = new(ttl=60), Counted()

    @cache
    def double(a):
        count["double"] += 1
        return a * 2

    seen = [double(1), double(2), double.invalidate(1)]
    return seen, count.of("double", lambda: double(1)), count.of("double", lambda: double(2))


@scenario
def clean_takes_tags_in_many_forms():
    cache, count = new(ttl=60), Counted()

    @cache(tags=("math", "power"))
    def square(a):
        count["square"] += 1
        return a * a

    seen = []
    forms = [
        lambda: cache.clean(["math"]),
        lambda: cache.clean(("power",)),
        lambda: cache.clean({"math"}),
        lambda: cache.clean(tag for tag in ["math"]),
        lambda: cache.clean(tags=["power"]),
        lambda: cache.clean(["unknown"]),
        lambda: cache.clean(),
        lambda: cache.clean([]),
        lambda: cache.clean(()),
        lambda: cache.clean(None),
    ]
    for clean in forms:
        square(3)
        seen.append([clean(), count.of("square", lambda: square(3))])
    return seen


@scenario
def methods_share_between_instances_and_not_between_classes():
    cache, count = new(ttl=60), Counted()

    class Example:
        def __init__(self, n):
            self.n = n

        @cache(tags=("t",))
        def power(self, a, b=2):
            count["power"] += 1
            return [self.n, a**b]

    class Sub(Example):
        pass

    one, two, sub = Example(1), Example(2), Sub(3)
    return [
        count.of("power", lambda: one.power(2)),
        count.of("power", lambda: two.power(2)),
        count.of("power", lambda: sub.power(2)),
        one.power.invalidate(2),
        count.of("power", lambda: two.power(2)),
        count.of("power", lambda: sub.power(2)),
        isinstance(one.power, hermes.Cached),
        isinstance(Example.power, hermes.Cached),
        one.power.__name__,
    ]


@scenario
def class_and_static_methods_are_cached():
    cache, count = new(ttl=60), Counted()

    class Example:
        @cache
        @classmethod
        def outer_class(cls, a):
            count["outer_class"] += 1
            return [cls.__name__, a]

        @staticmethod
        @cache
        def inner_static(a):
            count["inner_static"] += 1
            return a

        @cache
        @staticmethod
        def outer_static(a):
            count["outer_static"] += 1
            return a

    example = Example()
    seen = [count.of("outer_class", lambda: example.outer_class(1)) for _ in range(2)]
    for name in ("inner_static", "outer_static"):
        for owner in (Example, Example, example):
            seen.append(count.of(name, lambda: getattr(owner, name)(1)))  # noqa: B023
        seen.append(getattr(example, name).invalidate(1))
        seen.append(count.of(name, lambda: getattr(Example, name)(1)))  # noqa: B023
    return seen


@scenario
def key_returns_the_whole_key():
    cache, count, seen = new(ttl=60), Counted(), []

    def shared(fn, *args, **kwargs):
        seen.append([fn.__name__, args, kwargs])
        return "whole"

    @cache(key=shared)
    def one(a, b=2):
        count["one"] += 1
        return ["one", a]

    @cache(key=lambda fn, a: "whole")
    def two(a):
        count["two"] += 1
        return ["two", a]

    calls = [count.of("one", lambda: one(1, b=3)), count.of("two", lambda: two(9)), two.invalidate(8)]
    return calls, count.of("one", lambda: one(7)), seen[0]


@scenario
def the_key_of_a_method_gets_no_receiver():
    cache, seen = new(ttl=60), []

    class Example:
        @cache(key=lambda fn, *args, **kwargs: seen.append([fn.__self__.n, args, kwargs]) or "k")
        def method(self, a, b=1):
            return a + b

        n = 4

    return Example().method(3, b=4), Example().method.invalidate(3), seen[0], seen[-1]


@scenario
def what_key_and_ttl_raise_goes_to_the_caller():
    cache, count = new(ttl=60), Counted()

    def fails(*args, **kwargs):
        raise KeyError("no")

    @cache(key=fails)
    def keyed(a):
        count["keyed"] += 1

    @cache(ttl=fails)
    def timed(a):
        count["timed"] += 1

    return raised(lambda: keyed(1)), count["keyed"], raised(lambda: timed(1)), count["timed"]


@scenario
def ttl_may_be_a_function_of_the_result():
    cache, seen = new(ttl=60), []

    def lives(value, fn, *args, **kwargs):
        seen.append([value, fn.__name__, args, kwargs])
        return 60

    @cache(ttl=lives)
    def add(a, b=1):
        return a + b

    class Example:
        @cache(ttl=lives)
        def method(self, a):
            return a

    return add(1, b=2), add(1, b=2), Example().method(3), Example().method(3), seen


@scenario
def ttl_of_the_cache_may_be_a_function_and_assigned():
    seen = []
    cache = new(ttl=lambda value, *args, **kwargs: seen.append(value) or 60)

    @cache
    def same(a):
        return a

    values = [same(1), same(1)]
    cache.ttl = lambda value, *args, **kwargs: seen.append([value]) or 60
    return [*values, same(2), same(2)], seen


@scenario
def an_entry_expires():
    cache, count = new(ttl=1), Counted()

    @cache
    def same(a):
        count["same"] += 1
        return a

    @cache(ttl=60)
    def longer(a):
        count["longer"] += 1
        return a

    same(1), longer(1)
    # The watcher of HermesCache looks once a second.
    deadline = time.monotonic() + 20
    while count["same"] == 1 and time.monotonic() < deadline:
        time.sleep(0.1)
        same(1)
    longer(1)
    return count


@scenario
def exceptions_are_not_kept():
    cache, count = new(ttl=60), Counted()

    @cache
    def fails(a):
        count["fails"] += 1
        raise ValueError("no")

    return raised(lambda: fails(1)), raised(lambda: fails(1)), count


@scenario
def callers_get_copies():
    cache = new(ttl=60)

    @cache
    def listed(a):
        return [a, {"deep": [a]}]

    listed(1)
    listed(1).append("mine")
    listed(1)[1]["deep"].append("mine")
    return listed(1), listed(1) is listed(1)


@scenario
def a_cache_without_a_backend_computes_each_time():
    count = Counted()
    cache = hermes.Hermes()

    @cache(tags=("t",))
    def same(a):
        count["same"] += 1
        return a

    return (
        [same(1), same(1), same.invalidate(1), cache.clean(), cache.clean(["t"])],
        count,
        hasattr(cache.backend, "dump"),
    )


@scenario
def the_backend_can_be_replaced():
    cache, count = hermes.Hermes(ttl=60), Counted()

    @cache
    def same(a):
        count["same"] += 1
        return a

    seen = [same(1), same(1)]
    cache.backend = new().backend
    return [*seen, same(1), same(1)], count


@scenario
def a_backend_may_be_an_instance():
    backend = hermes.backend.inprocess.Backend(hermes.Mangler())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cache = hermes.Hermes(backend, ttlWatchSleep=3)
    return cache.backend is backend, cache(lambda a: a)(5), [warning.category.__name__ for warning in caught]


@scenario
def dump_holds_the_values_by_key():
    cache = new(hermes.backend.inprocess.Backend, ttl=60)

    @cache(key=lambda fn, a: f"mine:{a}")
    def listed(a):
        return [a]

    listed(1), listed(2)
    dumped = cache.backend.dump()
    dumped["mine:1"].append("mine")
    before = cache.backend.dump()
    listed.invalidate(1)
    after = cache.backend.dump()
    cache.clean()
    return before, after, cache.backend.dump()


@scenario
def entries_in_process_can_be_handled_by_hand():
    backend = hermes.backend.inprocess.Backend(hermes.Mangler())
    seen = [
        backend.save({"a": [1], "b": 2}, ttl=60),
        backend.load("a"),
        backend.load(["a", "b", "c"]),
        backend.load("c"),
    ]
    seen += [backend.remove("a"), backend.load("a"), backend.remove(["b", "c"]), backend.load(["b"])]
    with backend.lock("k"):
        pass
    return seen, backend.lock("k").acquire(), backend.startWatch(), backend.stopWatch(), backend.clean()


class Recorder(hermes.backend.AbstractBackend):
    """A backend of a user's, that writes down what it is asked."""

    def __init__(self, mangler, *, opt=None):
        super().__init__(mangler)
        self.opt = opt
        self.kept = {}
        self.asked = []

    def lock(self, key):
        self.asked.append("lock")
        return super().lock(key)

    def save(self, mapping, *, ttl=None):
        self.asked.append(["save", sorted(mapping.values(), key=str) if "tag" not in str(mapping) else "tags", ttl])
        self.kept.update(mapping)

    def load(self, keys):
        self.asked.append("load" if isinstance(keys, str) else "load many")
        if isinstance(keys, str):
            return self.kept.get(keys)
        return {key: self.kept[key] for key in keys if key in self.kept}

    def remove(self, keys):
        self.asked.append("remove")
        for key in [keys] if isinstance(keys, str) else list(keys):
            self.kept.pop(key, None)

    def clean(self):
        self.asked.append("clean")
        self.kept.clear()

    def since(self):
        asked, self.asked = self.asked, []
        return asked


@scenario
def a_backend_of_a_users_is_asked_in_order():
    cache, count = new(Recorder, ttl=60, opt=5), Counted()
    cache.backend.since()

    @cache
    def same(a):
        count["same"] += 1
        return a

    seen = [cache.backend.opt]
    for _ in range(2):
        seen.append([same(1), cache.backend.since()])
    same.invalidate(1)
    seen.append(cache.backend.since())
    cache.clean()
    seen.append(cache.backend.since())
    return seen, count


@scenario
def a_backend_of_a_users_keeps_tags():
    cache, count = new(Recorder, ttl=60), Counted()

    @cache(tags=("t1", "t2"), ttl=33)
    def same(a):
        count["same"] += 1
        return a

    seen = [count.of("same", lambda: same(1)), count.of("same", lambda: same(1))]
    cache.clean(["t1"])
    seen += [count.of("same", lambda: same(1)), count.of("same", lambda: same(1))]
    same.invalidate(1)
    return seen, count.of("same", lambda: same(1)), sorted(key for key in cache.backend.kept if ":tag:" in key)


@scenario
def a_mangler_names_and_packs():
    class Shop(hermes.Mangler):
        prefix = "shop"
        serialiser = hermes.Serialiser(lambda value: json.dumps(value).encode(), json.loads)
        compressor = None

        def nameEntry(self, fn, *args, **kwargs):
            return f"shop:entry:{fn.__name__}:{args}:{sorted(kwargs.items())}"

    cache = hermes.Hermes(hermes.backend.inprocess.Backend, mangler=Shop(), ttl=60)

    @cache
    def listed(a, b=1):
        return [a, b]

    class Example:
        @cache
        def method(self, a):
            return a

    listed(1), listed(1, b=2), Example().method(3)
    return (
        cache.backend.dump(),
        cache.mangler.dumps([1]).decode(),
        cache.mangler.loads(b"[2]"),
        cache.mangler.nameTag("t"),
    )


@scenario
def manglers_tools_work_by_hand():
    mangler = hermes.Mangler()
    long = ["a" * 1000]
    return [
        mangler.prefix,
        mangler.loads(mangler.dumps(long)) == long,
        len(mangler.dumps(long)) < 100,
        mangler.loads(mangler.dumps([1])),
        mangler.nameTag("t"),
        mangler.nameLock("cache:entry:k"),
        sorted(mangler.mapTags(["a", "b"])),
        mangler.mapTags(["a"]) == mangler.mapTags(["a"]),
        mangler.hashTags({"a": "1", "b": "2"}) == mangler.hashTags({"b": "2", "a": "1"}),
        mangler.hash(b"x") == mangler.hash(b"y"),
        mangler.compressor.compressMinLength,
        hermes.Compressor(len, len, ValueError).compressMinLength,
    ]


@scenario
def a_factory_makes_the_cached_functions():
    count, given = Counted(), []

    class Noticed(hermes.Cached):
        def __call__(self, *args, **kwargs):
            count["noticed"] += 1
            return super().__call__(*args, **kwargs)

    def factory(frontend, fn, **kwargs):
        given.append([type(frontend).__name__, fn.__name__, sorted(kwargs)])
        return Noticed(frontend, fn, **kwargs)

    cache = hermes.Hermes(hermes.backend.inprocess.Backend, cachedfactory=factory)

    @cache
    def one(a):
        return a

    @cache(ttl=3, tags=("x",))
    def two(a):
        return a

    class Example:
        @cache
        def method(self, a):
            return a

    return [one(1), one(1), two(2), Example().method(3), type(Example().method).__name__], count, given


@scenario
def threads_share_one_computation():
    cache, count = new(ttl=60), Counted()
    start = threading.Barrier(4)

    @cache
    def slow(a):
        count["slow"] += 1
        time.sleep(0.3)  # So that the others come while it runs.
        return a

    got = []

    def ask():
        start.wait()
        got.append(slow(1))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got, count


@scenario
def coroutine_functions_are_cached():
    async def story():
        cache, count = hermes.Hermes(hermes.backend.inprocess.AsyncBackend, ttl=60), Counted()

        @cache(tags=("t",))
        async def slow(a, b=1):
            "What it says."
            count["slow"] += 1
            await asyncio.sleep(0.05)  # So that the others come while it runs.
            return [a]

        @cache
        async def fails(a):
            count["fails"] += 1
            raise ValueError("no")

        class Example:
            @cache
            async def method(self, a):
                count["method"] += 1
                return a

            @cache
            @classmethod
            async def outer_class(cls, a):
                return [cls.__name__, a]

            @staticmethod
            @cache
            async def inner_static(a):
                return a

        example = Example()
        seen = [await slow(1), await slow(1), (await slow(1)) is (await slow(1)), count["slow"]]
        seen += [await asyncio.gather(*[slow(2) for _ in range(10)]), count["slow"]]
        seen += [await slow.invalidate(1), await slow(1), count["slow"]]
        seen += [cache.clean(["t"]), await slow(1), count["slow"]]
        seen += [await example.method(1), await example.method(1), count["method"]]
        seen += [await example.outer_class(1), await Example.inner_static(2)]
        for _ in range(2):
            try:
                await fails(1)
            except ValueError:
                seen.append(count["fails"])
        task = asyncio.ensure_future(slow(7))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            seen.append("cancelled")
        seen += [await slow(7), slow.__name__, slow.__doc__, str(inspect.signature(slow))]
        seen += [isinstance(slow, hermes.CachedCoro), inspect.iscoroutinefunction(slow.__call__)]
        seen += [type(slow(1)).__name__ == "coroutine"]
        return seen

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The last call is not awaited.
        return asyncio.run(story())


@scenario
def one_loop_after_another_can_use_a_cache():
    cache = hermes.Hermes(hermes.backend.inprocess.AsyncBackend, ttl=60)

    @cache
    async def same(a):
        return a

    return asyncio.run(same(1)), asyncio.run(same(1)), asyncio.run(same(2))


def main():
    for story in SCENARIOS:
        print(json.dumps([story.__name__, story()], default=str), flush=True)


if __name__ == "__main__":
    main()
