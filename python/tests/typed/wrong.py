"""Where `mypy --strict` must object. It is read, never run."""

from __future__ import annotations

import hermes

cache = hermes.Hermes(hermes.backend.inprocess.Backend)


@cache
def plain(a: int, b: str = "") -> list[int]:
    return [a]


@cache(tags=("t",))
async def coroutine(a: int) -> bytes:
    return b""


class Example:
    @cache
    def method(self, a: int) -> str:
        return ""


async def calls(example: Example) -> None:
    plain("1")  # error
    plain(1, c=2)  # error
    plain.invalidate()  # error
    plain.refresh(1).nope()  # error
    word: str = plain(1)  # error
    example.method("1")  # error
    example.method()  # error
    example.method.invalidate("1")  # error
    await coroutine("1")  # error
    number: int = await coroutine(1)  # error
    await plain.invalidate(1)  # error
    cache.clean([1])  # error
    cache.clean(1)  # error
    cache(1)  # error
    cache(nope=1)  # error
    cache(ttl="1")  # error
    cache.ttl = "1"  # error
    cache.backend = object()  # error
    print(word, number)
