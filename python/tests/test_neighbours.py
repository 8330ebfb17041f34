"""A service written in Rust and one in Python share entries and tags."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import hermes
from servers import Redis

#: The example `neighbour` of the crate, built with Redis and JSON. `cargo xtask test` builds it.
NEIGHBOUR = os.environ.get("HERMES_NEIGHBOUR")

pytestmark = pytest.mark.skipif(NEIGHBOUR is None, reason="HERMES_NEIGHBOUR names no program")


class Neighbour:
    """The service in Rust."""

    def __init__(self, url: str) -> None:
        assert NEIGHBOUR is not None
        self.process = subprocess.Popen([NEIGHBOUR, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip()


@pytest.fixture(params=["json", "messagepack"])
def codec(request: pytest.FixtureRequest) -> str:
    codec: str = request.param
    return codec


@pytest.fixture
def rust(redis: Redis, codec: str) -> Iterator[Neighbour]:
    neighbour = Neighbour(f"redis://127.0.0.1:{redis.port}?codec={codec}&timeout=10s")
    yield neighbour
    neighbour.process.kill()
    neighbour.process.communicate()


@pytest.fixture
def cache(redis: Redis, codec: str) -> hermes.Hermes:
    options: dict[str, Any] = {"host": "127.0.0.1", "port": redis.port, "serialiser": codec, "timeout": 10}
    return hermes.Hermes(hermes.backend.redis.Backend, **options)


def priced(cache: hermes.Hermes) -> Any:
    @cache(tags=("prices", "price:{fruit}"), key=lambda fn, fruit: f"price:{fruit}")
    def price(fruit: str) -> dict[str, Any]:
        return {"fruit": fruit, "cents": 20, "quoted_by": "Python"}

    return price


def test_python_finds_what_rust_has_cached(rust: Neighbour, cache: hermes.Hermes) -> None:
    assert rust.say("price apple") == "apple: 10 cents, says Rust"
    assert priced(cache)("apple") == {"fruit": "apple", "cents": 10, "quoted_by": "Rust"}


def test_rust_finds_what_python_has_cached(rust: Neighbour, cache: hermes.Hermes) -> None:
    priced(cache)("apple")
    assert rust.say("price apple") == "apple: 20 cents, says Python"


@pytest.mark.parametrize("tag", ["prices", "price:apple"])
def test_python_cleans_what_rust_has_cached(rust: Neighbour, cache: hermes.Hermes, tag: str) -> None:
    rust.say("price apple")
    cache.clean([tag])
    assert priced(cache)("apple")["quoted_by"] == "Python"
    assert rust.say("price apple") == "apple: 20 cents, says Python"


@pytest.mark.parametrize("tag", ["prices", "price:apple"])
def test_rust_cleans_what_python_has_cached(rust: Neighbour, cache: hermes.Hermes, tag: str) -> None:
    price = priced(cache)
    price("apple")
    assert rust.say(f"clean {tag}") == f"cleaned {tag}"
    assert rust.say("price apple") == "apple: 10 cents, says Rust"
    assert price("apple")["quoted_by"] == "Rust"


def test_python_invalidates_what_rust_has_cached(rust: Neighbour, cache: hermes.Hermes) -> None:
    price = priced(cache)
    rust.say("price apple")
    price.invalidate("apple")
    assert price("apple")["quoted_by"] == "Python"
