"""Which arguments are the same, and which are not."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import subprocess
import sys
import types
import uuid
from collections import namedtuple
from typing import Any

import attrs
import pydantic
import pytest

import hermes
from conftest import NewCache

cache = hermes.Hermes(hermes.backend.inprocess.Backend, ttl=600)


@cache
def anything(*args: Any, **kwargs: Any) -> None:
    pass


def key(*args: Any, **kwargs: Any) -> str:
    return anything.key(*args, **kwargs)


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Light(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    ONE = 1


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass
class Pixel:
    x: int
    y: int = 0


Pair = namedtuple("Pair", "x y")


class User:
    """Says itself what it is in a key."""

    def __init__(self, number: int, session: object = None) -> None:
        self.number = number
        self.session = session

    def __hermes_key__(self) -> int:
        return self.number


class Account(User):
    pass


NAN = float("nan")
UUID = uuid.UUID("12345678123456781234567812345678")
DAY = datetime.datetime(2026, 11, 23)

#: Each of these differs from all others.
DISTINCT = [
    None,
    (),
    1,
    -1,
    2**63,
    2**64,
    2**200,
    -(2**200),
    1.0,
    0.0,
    -0.0,
    NAN,
    1j,
    True,
    False,
    "1",
    "",
    "é",
    "\ud800",
    b"1",
    b"",
    bytearray(b"1"),
    [1],
    (1,),
    {1},
    frozenset({1}),
    {1: 2},
    {"1": 2},
    [[]],
    [()],
    ["a b", "c"],
    ["a", "b c"],
    [1, [2]],
    [[1], 2],
    Colour.RED,
    Colour.GREEN,
    Light.RED,
    Level.ONE,
    Point(1),
    Point(1, 2),
    Pixel(1),
    Pair(1, 2),
    (1, 2),
    User(1),
    User(2),
    Account(1),
    DAY,
    DAY.replace(tzinfo=datetime.timezone.utc),
    DAY.date(),
    DAY.time(),
    datetime.timedelta(1),
    decimal.Decimal("1"),
    decimal.Decimal("1.0"),
    UUID,
    str(UUID),
    pathlib.PurePosixPath("a"),
    range(3),
    range(4),
    fractions.Fraction(1, 2),
    int,
    str,
    User,
    len,
]


@pytest.mark.filterwarnings("ignore:arguments of the class:RuntimeWarning")
def test_distinct_arguments_have_distinct_keys() -> None:
    seen: dict[str, Any] = {}
    for argument in DISTINCT:
        other = seen.setdefault(key(argument), argument)
        assert other is argument, (other, argument)


def test_the_place_of_an_argument_counts() -> None:
    keys = [
        key(1, 2),
        key(2, 1),
        key((1, 2)),
        key([1, 2]),
        key(1, b=2),
        key(a=1, b=2),
        key(a=2, b=1),
        key({"a": 1}),
        key(a=1),
    ]
    assert len(set(keys)) == len(keys)


EQUAL = [
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}),
    ({1, "x", 2}, {2, 1, "x"}),
    (frozenset("abc"), frozenset("cba")),
    ("".join(["a", "bc"]), "abc"),
    (["ab", "ab"], ["ab", "".join(["a", "b"])]),
    (Point(1), Point(x=1, y=0)),
    (User(1, session=object()), User(1, session=object())),
    (NAN, float("nan")),
    (datetime.datetime(2026, 11, 23), DAY),
    (decimal.Decimal("1.0"), decimal.Decimal("1.0")),
    (range(3), range(3)),
    (fractions.Fraction(1, 2), fractions.Fraction(2, 4)),
]


@pytest.mark.parametrize(("one", "other"), EQUAL, ids=[repr(one) for one, _ in EQUAL])
def test_equal_arguments_have_one_key(one: Any, other: Any) -> None:
    assert key(one) == key(other)


@cache
def with_defaults(a: int, b: int = 2, *rest: int, c: int = 3, **more: int) -> list[Any]:
    return [a, b, rest, c, more]


def test_positional_keyword_and_default_arguments_share_a_key() -> None:
    same = [
        with_defaults.key(1),
        with_defaults.key(1, 2),
        with_defaults.key(a=1),
        with_defaults.key(b=2, a=1),
        with_defaults.key(1, b=2, c=3),
    ]
    assert len(set(same)) == 1
    others = [
        with_defaults.key(1, 3),
        with_defaults.key(1, 2, 3),
        with_defaults.key(1, c=4),
        with_defaults.key(1, d=4),
        with_defaults.key(2),
    ]
    assert len({same[0], *others}) == 6


def test_one_entry_serves_all_ways_to_call() -> None:
    runs = []

    @cache
    def function(a: int, b: int = 2) -> int:
        runs.append((a, b))
        return a + b

    assert [function(1), function(1, 2), function(b=2, a=1), function(a=1)] == [3, 3, 3, 3]
    function.invalidate(a=1, b=2)
    function(1)
    assert runs == [(1, 2), (1, 2)]


@pytest.mark.parametrize("call", [lambda f: f(), lambda f: f(1, 2, 3), lambda f: f(1, nope=2), lambda f: f(1, a=1)])
def test_wrong_arguments_raise_what_the_function_raises(call: Any) -> None:
    def function(a: int, b: int = 2) -> int:
        return a

    cached = cache(function)
    with pytest.raises(TypeError) as expected:
        call(function)
    with pytest.raises(TypeError) as got:
        call(cached)
    assert str(got.value) == str(expected.value)


def test_a_key_is_the_same_in_every_process() -> None:
    program = (
        "import sys, datetime, hermes\n"
        "cache = hermes.Hermes(hermes.backend.inprocess.Backend)\n"
        "def f(*args, **kwargs): pass\n"
        "f.__module__ = 'shop'\n"
        "print(cache(f).key({'b', 'a', 'c'}, {'y': 1, 'x': [None, 2.5]}, datetime.date(2026, 1, 1), k=b'v'))\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


class Opaque:
    def __init__(self, name: str) -> None:
        self.name = name


def test_other_objects_are_told_apart_by_their_pickles_with_a_warning_once() -> None:
    with pytest.warns(RuntimeWarning, match="__hermes_key__"):
        one = key(Opaque("one"))
    assert one == key(Opaque("one"))
    assert one != key(Opaque("two"))


class Meddler:
    """Changes what it is in, while it is asked what it is."""

    def __init__(self, around: Any) -> None:
        self.around = around

    def __hermes_key__(self) -> int:
        if isinstance(self.around, dict):
            self.around[f"number {len(self.around)}"] = self
        else:
            self.around.append(1)
        return 1


@pytest.mark.parametrize("around", [{}, []], ids=["dict", "list"])
def test_an_argument_that_changes_while_it_is_read_counts_as_it_was(around: Any) -> None:
    meddler = Meddler(around)
    if isinstance(around, dict):
        around["me"] = meddler
        as_it_was = {"me": Meddler({})}
        assert key(around) == key(as_it_was)
    else:
        around.append(meddler)
        assert key(around) == key([Meddler([])])


def test_what_a_dataclass_does_not_know_of_its_descendants_counts() -> None:
    with pytest.warns(RuntimeWarning, match="told apart by their pickles"):
        one = key(NamedPoint(1, "one"))
    assert one != key(NamedPoint(1, "other"))
    with pytest.warns(RuntimeWarning, match="told apart by their pickles"):
        one = key(NamedPair(1, 2, "one"))
    assert one != key(NamedPair(1, 2, "other"))


@attrs.define
class Basket:
    owner: str
    apples: set[str] = attrs.field(factory=set)


class Query(pydantic.BaseModel):
    words: set[str]
    limit: int = 3
    _parsed: object = None


class Open(pydantic.BaseModel, extra="allow"):
    a: int = 1


class SubBasket(Basket):
    """No class of attrs itself, it may have attributes that attrs knows nothing of."""


def test_classes_that_list_their_fields_are_told_by_them() -> None:
    assert key(Basket("me", {"a", "b"})) == key(Basket(owner="me", apples={"b", "a"}))
    assert key(Basket("me")) != key(Basket("you"))
    assert key(Query(words={"a", "b"})) == key(Query(words={"b", "a"}, limit=3))
    assert key(Query(words={"a"})) != key(Query(words={"a"}, limit=4))
    assert key(Open(a=1)) == key(Open())


@pytest.mark.parametrize(("one", "other"), [(Open(b=1), Open(b=2)), (SubBasket("me"), SubBasket("you"))])
def test_what_a_class_does_not_list_counts(one: Any, other: Any) -> None:
    with pytest.warns(RuntimeWarning, match="told apart by their pickles"):
        assert key(one) != key(other)


class NamedPoint(Point):
    def __init__(self, x: int, name: str) -> None:
        super().__init__(x)
        self.name = name


class NamedPair(Pair):
    def __new__(cls, x: int, y: int, name: str) -> NamedPair:
        pair = super().__new__(cls, x, y)
        pair.name = name
        return pair


def local_class(said: str) -> Any:
    @dataclasses.dataclass
    class Local:
        x: int

        def __str__(self) -> str:
            return said

    return Local


def test_objects_of_two_classes_of_one_name_are_never_taken_for_each_other() -> None:
    one, other = local_class("one"), local_class("other")

    @cache
    def text(a: Any) -> str:
        return str(a)

    assert [text(one(1)), text(one(1))] == ["one", "one"]
    with pytest.warns(RuntimeWarning, match="two classes go by the name"):
        assert [text(other(1)), text(other(1))] == ["other", "other"]
    with pytest.raises(hermes.HermesError, match="two classes"):
        text.key(other)
    assert text(one(1)) == "one"


def test_a_class_of_a_module_that_is_loaded_again_takes_the_place_of_the_old_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.ModuleType("loaded_again")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def load() -> Any:
        module.Point = dataclasses.make_dataclass(  # type: ignore[attr-defined]
            "Point", [("x", int)]
        )
        module.Point.__module__ = module.__name__  # type: ignore[attr-defined]
        return module.Point  # type: ignore[attr-defined]

    @cache
    def reloading(a: Any) -> None:
        pass

    old = load()
    before = reloading.key(old(1))
    again = load()
    assert reloading.key(again(1)) == before
    with pytest.warns(RuntimeWarning, match="two classes"), pytest.raises(hermes.HermesError):
        reloading.key(old(1))


def completed(a: Any, b: Any = 2, *, c: Any = 3) -> list[Any]:
    return [a, b, c]


def test_what_a_partial_function_has_already_is_part_of_its_keys(anywhere: hermes.Hermes) -> None:
    functions = [
        anywhere(functools.partial(completed, 1)),
        anywhere(functools.partial(completed, 2)),
        anywhere(functools.partial(completed, c=1)),
        anywhere(functools.partial(functools.partial(completed, c=1), 4)),
        anywhere(completed),
    ]
    expected = [[1, 5, 3], [2, 5, 3], [5, 2, 1], [4, 5, 1], [5, 2, 3]]
    for _ in range(2):
        assert [function(5) for function in functions] == expected
    assert len({function.key(5) for function in functions}) == 5
    assert anywhere.stats()["computations"] == 5


class Interrupting:
    def __init__(self, raised: type[BaseException]) -> None:
        self.raised = raised

    def __reduce__(self) -> str:
        raise self.raised


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_an_interruption_reaches_the_caller(raised: type[BaseException]) -> None:
    @cache
    def interrupted(a: Any) -> Any:
        return Interrupting(raised)

    with pytest.raises(raised):
        interrupted([Interrupting(raised)])
    with pytest.raises(raised):
        interrupted.key({Interrupting(raised): 1})
    with pytest.raises(raised):
        interrupted(1)


class Text(str):
    def __str__(self) -> str:
        return "lies"


@pytest.mark.parametrize("name", ["\ud800", Text("\ud800"), Text("text"), "text"])
def test_any_text_can_be_a_key(new_cache: NewCache, name: str) -> None:
    @new_cache()(key=lambda fn, a: name, name="any text")
    def function(a: Any) -> Any:
        return a

    assert [function(1), function(2)] == [1, 1]
    function.invalidate(3)
    assert function(4) == 4


class Unpicklable:
    def __reduce__(self) -> str:
        raise TypeError("no")


def test_what_has_no_bytes_makes_the_call_uncached() -> None:
    runs = []

    @cache
    def function(a: object) -> str:
        runs.append(a)
        return "value"

    with pytest.warns(RuntimeWarning):
        assert [function(Unpicklable()), function(Unpicklable())] == ["value", "value"]
    assert len(runs) == 2
    with pytest.raises(hermes.HermesError):
        function.invalidate(Unpicklable())
    with pytest.raises(hermes.HermesError):
        function.key(Unpicklable())


def test_what_is_too_deep_makes_the_call_uncached() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    runs = []

    @cache
    def function(a: object) -> str:
        runs.append(1)
        return "value"

    with pytest.warns(RuntimeWarning):
        assert [function(deep), function(deep)] == ["value", "value"]
    assert len(runs) == 2
    while deep:
        deep = deep.pop()  # Freed from within, since freeing it from outside would recurse as deep.


def test_a_key_function_returns_text() -> None:
    @cache(key=lambda fn, a: a)  # type: ignore[arg-type, return-value]
    def function(a: Any) -> Any:
        return a

    with pytest.raises(hermes.HermesError):
        function(1)
    assert [function("text"), function("")] == ["text", ""]


def test_a_manglers_names_are_the_keys() -> None:
    class Names(hermes.Mangler):
        def nameEntry(self, fn: Any, *args: Any, **kwargs: Any) -> str:
            return f"{fn.__name__}/{args}"

    named = hermes.Hermes(hermes.backend.inprocess.Backend, mangler=Names())

    @named
    def function(a: int, b: int = 2) -> int:
        return a

    assert function.key(1) == function.key(1)
    function(1)
    assert named.backend.dump() == {"function/(1,)": 1}
