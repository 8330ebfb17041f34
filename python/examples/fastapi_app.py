"""Shows cached coroutine functions in a FastAPI application, one of them as a dependency.

Run it: ``pip install fastapi uvicorn``, then ``uvicorn --app-dir examples fastapi_app:app``. ``CACHE_URL`` may name a Redis,
such as ``redis://localhost``.
"""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

from fastapi import Depends, FastAPI

import hermes

cache = hermes.Hermes(hermes.backend.inprocess.Backend, ttl=600)
if url := os.environ.get("CACHE_URL"):
    cache.backend = hermes.backend.redis.Backend(cache.mangler, url=url)

app = FastAPI()
queries = 0
prices = {"apple": 3, "pear": 4}


@cache(tags=("prices", "price:{fruit}"))
async def price(fruit: str) -> int:
    """A hundred requests at once make one query."""
    global queries
    queries += 1
    await asyncio.sleep(0.05)
    return prices[fruit]


@cache(ttl=5)
async def settings() -> dict[str, str]:
    """A dependency like any other."""
    return {"currency": "euro"}


@app.get("/price/{fruit}")
async def show(fruit: str, settings: Annotated[dict[str, str], Depends(settings)]) -> dict[str, str | int]:
    return {"price": await price(fruit), "currency": settings["currency"], "queries": queries}


@app.put("/price/{fruit}/{amount}")
async def change(fruit: str, amount: int) -> dict[str, int]:
    prices[fruit] = amount
    await cache.clean_async([f"price:{fruit}"])
    return {"price": await price(fruit)}
