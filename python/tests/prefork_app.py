"""What gunicorn serves in `test_gunicorn`: cached functions that were used before it forked its workers.

`/number/NAME` tells who computed the number and who serves it; `/clean` drops all of them.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import hermes

cache = hermes.Hermes(hermes.backend.inprocess.Backend, ttl=600)
if url := os.environ.get("CACHE_URL"):
    cache.backend = hermes.backend.redis.Backend(cache.mangler, url=url, timeout=10)


@cache(tags=("numbers",))
def number(name: str) -> dict[str, Any]:
    return {"name": name, "computed by": os.getpid()}


@cache(tags=("numbers",))
async def number_async(name: str) -> dict[str, Any]:
    await asyncio.sleep(0.001)
    return {"name": name, "computed by": os.getpid()}


number("early")
asyncio.run(number_async("early"))


def wsgi(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    if environ["PATH_INFO"] == "/clean":
        cache.clean(["numbers"])
        return [b"{}"]
    return [_answer(number(environ["PATH_INFO"].rpartition("/")[2]), "")]


async def asgi(scope: dict[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/clean":
        await cache.clean_async(["numbers"])
        await send({"type": "http.response.body", "body": b"{}"})
        return
    # Many at once, so that some of them wait for another.
    numbers = await asyncio.gather(*[number_async(scope["path"].rpartition("/")[2]) for _ in range(20)])
    body = _answer(numbers[-1], type(asyncio.get_running_loop()).__module__)
    await send({"type": "http.response.body", "body": body})


def _answer(number: dict[str, Any], loop: str) -> bytes:
    return json.dumps({**number, "served by": os.getpid(), "loop": loop}).encode()
