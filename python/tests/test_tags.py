"""Tags from arguments."""

from __future__ import annotations

from typing import Any

import pytest

import hermes
from counted import counted


class User:
    def __init__(self, number: int) -> None:
        self.number = number

    def __hermes_key__(self) -> int:
        return self.number


def test_a_template_takes_an_argument(cache: hermes.Hermes) -> None:
    counter, function = counted(cache, tags=("user:{a}", "users"))
    function(1), function(a=2)
    cache.clean(["user:1"])
    function(2)
    assert counter.runs == 2
    function(1)
    assert counter.runs == 3
    cache.clean(["users"])
    function(1), function(2)
    assert counter.runs == 5


def test_a_template_takes_a_default(in_process: hermes.Hermes) -> None:
    _, function = counted(in_process, tags=("b:{b}",))
    function(1)
    assert in_process.dump()[0].tags == ("b:2",)


@pytest.mark.parametrize(
    ("template", "tag"),
    [
        ("user:{user.number}", "user:42"),
        ("user:{user.number:05d}", "user:00042"),
        ("{kind}/{user.number}", "plain/42"),
        ("{{kind}}", "{{kind}}"),
        ("{{kind}}:{kind}", "{kind}:plain"),
        ("{unknown}", "{unknown}"),
        ("{}", "{}"),
        ("no template", "no template"),
    ],
)
def test_templates_look_as_format_strings_do(in_process: hermes.Hermes, template: str, tag: str) -> None:
    @in_process(tags=(template,))
    def function(user: User, kind: str = "plain") -> int:
        return 1

    function(User(42))
    assert in_process.dump()[0].tags == (tag,)


def test_a_callable_gives_the_tags(cache: hermes.Hermes) -> None:
    def tags(fn: Any, *args: Any, **kwargs: Any) -> list[str]:
        return [f"group:{number}" for number in args[0]]

    counter, function = counted(cache, tags=tags)
    function((1, 2)), function((2, 3)), function((4,))
    cache.clean(["group:2"])
    function((1, 2)), function((2, 3)), function((4,))
    assert counter.runs == 5


def test_tags_of_a_method_see_its_receiver(in_process: hermes.Hermes) -> None:
    class Example:
        def __init__(self, number: int) -> None:
            self.number = number

        @in_process(tags=("example:{self.number}", "a:{a}"))
        def method(self, a: int) -> int:
            return a

    Example(7).method(1)
    assert sorted(in_process.dump()[0].tags) == ["a:1", "example:7"]


def test_tags_may_be_any_text(cache: hermes.Hermes) -> None:
    names = ["with blanks and {braces}", "ü", "x" * 1000, "a:b", "*", ""]
    counter, function = counted(cache, tags=lambda fn, a: [a])
    for name in names:
        function(name)
    for name in names:
        cache.clean([name])
        function(name)
    assert counter.runs == 2 * len(names)


def test_halves_of_surrogate_pairs_are_no_trouble_in_a_tag(anywhere: hermes.Hermes) -> None:
    counter, function = counted(anywhere, tags=("name:{a}",))
    _, literal = counted(anywhere, tags=("\udc00",))
    for _ in range(2):
        function("\ud800")
        literal()
        anywhere.clean(["name:\ud800", "\udc00"])
    assert counter.runs == 2


@pytest.mark.parametrize("tags", [(1,), 1, (b"a",)])
def test_a_tag_is_text(in_process: hermes.Hermes, tags: Any) -> None:
    with pytest.raises(TypeError):
        counted(in_process, tags=tags)[1](1)


def test_what_a_tag_function_raises_goes_to_the_caller(in_process: hermes.Hermes) -> None:
    def tags(fn: Any, *args: Any) -> list[str]:
        raise KeyError("no")

    with pytest.raises(KeyError):
        counted(in_process, tags=tags)[1](1)


def test_functions_that_share_a_key_have_each_their_tags(in_process: hermes.Hermes) -> None:
    one_counter, one = counted(in_process, tags=("one",), key=lambda fn, *args: "shared")
    _, other = counted(in_process, tags=("other",), key=lambda fn, *args: "shared")
    one(1), other(1)
    in_process.clean(["one"])
    one(1)
    assert one_counter.runs >= 1
