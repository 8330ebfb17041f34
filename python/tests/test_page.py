"""The example of HermesCache's page, word for word."""

import runpy
from pathlib import Path

import pytest

import hermes
from servers import Redis

EXAMPLE = Path(__file__).parent / "page_example.py"


@pytest.fixture
def at_home(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """A Redis where the example expects one. Its text names no port, and this machine's 6379 may be somebody's."""
    constructor = hermes.backend.redis.Backend.__init__
    monkeypatch.setitem(constructor.__kwdefaults__, "port", redis.port)
    return redis


def test_the_example_prints_what_it_computes(at_home: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE))
    assert capsys.readouterr().out == "666\n1024\n6.0\n"


def test_the_example_keeps_its_entries_in_the_database_it_names(at_home: Redis) -> None:
    before_the_invalidations = EXAMPLE.read_text().partition("foo.invalidate")[0]
    exec(compile(before_the_invalidations, str(EXAMPLE), "exec"), {"__name__": "example"})
    keys = at_home.command("EVAL", "return table.concat(redis.call('KEYS', '*'), '\\n')", "0", db=1).decode().split()
    entries = [key for key in keys if key.startswith("cache:entry:")]
    assert len(entries) == 3
    assert any(key.startswith("cache:entry:*:") for key in entries), "the key function's name stands for itself"
    assert at_home.command("DBSIZE", db=0) == b"0"
