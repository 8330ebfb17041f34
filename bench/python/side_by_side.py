"""Measures hits of the Python package beside its peers: `side_by_side.py ANCESTORS_PYTHON ELDERS_PYTHON`.

HermesCache is imported by the same name, so that each of its versions runs in a process of another environment. All
subjects of a workload have their turns one after the other, a slice of time each, many times over, so that a slow
moment of the machine meets them all. `cargo xtask bench python` runs it and writes the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from cores import on_core
from servers import Memcached, Redis

#: Two only show that everything can be measured.
ROUNDS = 2 if "HERMES_BENCH_BRIEFLY" in os.environ else 31

#: Whose time is compared with that of the others.
OURS = "hermes"


class Worker:
    """A process that measures the subjects of one environment, on servers of its own: they name their entries alike."""

    def __init__(self, python: str, group: str) -> None:
        with on_core("last"):
            self._redis, self._memcached = Redis(), Memcached()
        self._group = group
        script = Path(__file__).with_name("worker.py")
        command = [python, str(script), group, str(self._redis.port), str(self._memcached.port)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def subjects(self) -> list[tuple[str, str]]:
        """Workload and name of each. Asked for once, before anything is measured."""
        return [(workload, name) for workload, name in json.loads(self._line())]

    def measure(self, number: int) -> float:
        """Microseconds a call."""
        assert self._process.stdin
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"the worker of {self._group} ended early"
        return line

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._redis.remove()
        self._memcached.remove()


@contextmanager
def workers(ancestor: str, elder: str) -> Iterator[list[Worker]]:
    started: list[Worker] = []
    try:
        for python, group in ((sys.executable, "peers"), (ancestor, "ancestor"), (elder, "elder")):
            started.append(Worker(python, group))
        yield started
    finally:
        for worker in started:
            worker.end()


def main(ancestor: str, elder: str) -> None:
    with workers(ancestor, elder) as started:
        by_workload: dict[str, dict[str, tuple[Worker, int]]] = {}
        for worker in started:
            for number, (workload, name) in enumerate(worker.subjects()):
                by_workload.setdefault(workload, {})[name] = (worker, number)
        for workload, subjects in by_workload.items():
            rounds = [
                {name: worker.measure(number) for name, (worker, number) in subjects.items()} for _ in range(ROUNDS)
            ]
            show(workload, rounds)


def show(workload: str, rounds: list[dict[str, float]]) -> None:
    """Prints what each took, the fastest first: median, quartiles, and the median of how many times its time ours is."""
    quartiles = {name: quantiles(taken[name] for taken in rounds) for name in rounds[0]}
    for name, (low, middle, high) in sorted(quartiles.items(), key=lambda item: item[1][1]):
        ours = median(taken[OURS] / taken[name] for taken in rounds)
        print(f"python\t{workload}\t{name}\t{middle:.2f}\t{low:.2f} \N{EN DASH} {high:.2f}\t{ours:.3f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
