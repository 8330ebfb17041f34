"""gunicorn, which loads an application with its caches and then forks its workers."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from servers import PATIENCE_S, Redis, Server, wait_until

WORKERS = 2


class Gunicorn(Server):
    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "gunicorn", "--preload", "--chdir", str(Path(__file__).parent)]
        super().__init__(
            "gunicorn",
            lambda port, _: [*command, "--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", *options],
        )

    def get(self, path: str) -> dict[str, Any]:
        with urlopen(f"http://{self.address}/{path}", timeout=PATIENCE_S) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def kill(self) -> None:
        """Ends it with its workers."""
        os.kill(self._process.pid, signal.SIGTERM)
        self._process.wait(PATIENCE_S)


SYNC = ("prefork_app:wsgi",)
THREADS = ("--threads", "4", "prefork_app:wsgi")
UVLOOP = ("--worker-class", "uvicorn_worker.UvicornWorker", "prefork_app:asgi")


@pytest.fixture(params=[SYNC, THREADS, UVLOOP], ids=["sync", "threads", "uvloop"])
def start(request: pytest.FixtureRequest) -> Iterator[Callable[[], Gunicorn]]:
    started: list[Gunicorn] = []

    def start() -> Gunicorn:
        started.append(Gunicorn(*request.param))
        return started[-1]

    yield start
    for gunicorn in started:
        gunicorn.remove()


def each_worker(gunicorn: Gunicorn, path: str) -> dict[int, dict[str, Any]]:
    """What each worker answers in the end."""
    answers: dict[int, dict[str, Any]] = {}

    def all_answered() -> bool:
        answer = gunicorn.get(path)
        answers[answer["served by"]] = answer
        return len(answers) == WORKERS

    wait_until("each worker has answered", all_answered)
    return answers


def computed_by(gunicorn: Gunicorn, path: str) -> set[int]:
    return {answer["computed by"] for answer in each_worker(gunicorn, path).values()}


def test_workers_find_what_was_computed_before_the_fork(start: Callable[[], Gunicorn]) -> None:
    gunicorn = start()
    workers = set(each_worker(gunicorn, "number/early"))
    assert computed_by(gunicorn, "number/early").isdisjoint(workers)
    for worker, answer in each_worker(gunicorn, "number/late").items():
        assert answer["computed by"] == worker
        assert answer["loop"] in ("", "uvloop")


def test_workers_share_a_server(start: Callable[[], Gunicorn], redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_URL", f"redis://127.0.0.1:{redis.port}")
    gunicorn = start()
    workers = set(each_worker(gunicorn, "number/early"))
    assert computed_by(gunicorn, "number/early").isdisjoint(workers)
    late = computed_by(gunicorn, "number/late")
    assert len(late) == 1
    assert late < workers
    gunicorn.get("clean")
    early = computed_by(gunicorn, "number/early")
    assert len(early) == 1
    assert early < workers
