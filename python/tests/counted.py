"""Functions that say how often they ran."""

from __future__ import annotations

import itertools
from typing import Any

import hermes

_numbers = itertools.count()


class Counted:
    """A function that says how often it ran."""

    def __init__(self, result: Any = "value") -> None:
        self.runs = 0
        self.result = result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.runs += 1
        return self.result


def counted(cache: hermes.Hermes, result: Any = "value", **options: Any) -> tuple[Counted, Any]:
    """A new function behind the cache, and its count."""
    counter = Counted(result)

    def function(a: Any = 1, b: Any = 2) -> Any:
        return counter(a, b)

    # A name of its own, as if it stood alone in a module.
    function.__qualname__ = f"counted_{next(_numbers)}"
    return counter, cache(function, **options)
