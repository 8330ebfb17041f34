"""The code of the README, of the page for those who come from HermesCache, of `help` and of the examples runs."""

from __future__ import annotations

import asyncio
import doctest
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import hermes
from servers import Redis

PACKAGE = Path(__file__).parent.parent
EXAMPLES = PACKAGE / "examples"
BOOK = PACKAGE.parent / "docs"


@pytest.fixture
def at_home(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """A Redis where the text expects one."""
    monkeypatch.setitem(hermes.backend.redis.Backend.__init__.__kwdefaults__, "port", redis.port)
    return redis


@pytest.mark.parametrize("page", [PACKAGE / "README.md", BOOK / "from-hermescache.md"], ids=lambda page: page.stem)
def test_the_page_runs(at_home: Redis, page: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 1
    namespace: dict[str, object] = {"__name__": f"page_{page.stem}"}
    for block in blocks:
        exec(compile(block, page.name, "exec"), namespace)


@pytest.mark.parametrize("module", [hermes, hermes._facade], ids=lambda module: module.__name__)
def test_what_help_shows_is_so(module: ModuleType) -> None:
    told = doctest.testmod(module)
    assert (told.failed, told.attempted > 0) == (0, True)


@pytest.mark.parametrize("place", ["in process", "redis"])
def test_the_script_runs(redis: Redis, place: str) -> None:
    where = [f"redis://127.0.0.1:{redis.port}"] if place == "redis" else []
    script = [sys.executable, "-W", "error", str(EXAMPLES / "script.py"), *where]
    said = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    assert said.count("computing the price of apple") == 2
    assert "apples cost 5, pears still 4" in said


@pytest.mark.parametrize("place", ["in process", "redis"])
def test_flask_serves_from_the_cache(redis: Redis, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if place == "redis":
        monkeypatch.setenv("CACHE_URL", f"redis://127.0.0.1:{redis.port}")
    client = runpy.run_path(str(EXAMPLES / "flask_app.py"), run_name=f"flask_app_{place}")["app"].test_client()
    assert [client.get("/articles/1").json["views"] for _ in range(2)] == [1, 1]
    assert client.put("/articles/1/Something").json == {"title": "Something", "views": 2}
    assert client.get("/articles/1").json == {"title": "Something", "views": 2}


@pytest.mark.parametrize("place", ["in process", "redis"])
def test_fastapi_serves_from_the_cache(redis: Redis, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    if place == "redis":
        monkeypatch.setenv("CACHE_URL", f"redis://127.0.0.1:{redis.port}")
    app = runpy.run_path(str(EXAMPLES / "fastapi_app.py"), run_name=f"fastapi_app_{place}")["app"]

    async def story() -> list[dict[str, object]]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            crowd = await asyncio.gather(*[client.get("/price/apple") for _ in range(20)])
            changed = await client.put("/price/apple/5")
            after = await client.get("/price/apple")
            return [*[answer.json() for answer in crowd], changed.json(), after.json()]

    *crowd, changed, after = asyncio.run(story())
    assert crowd == [{"price": 3, "currency": "euro", "queries": 1}] * 20
    assert changed == {"price": 5}
    assert after == {"price": 5, "currency": "euro", "queries": 2}
