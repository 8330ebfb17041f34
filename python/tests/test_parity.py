"""One script under HermesCache and under this package: callers see the same."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from servers import Redis

SCRIPT = Path(__file__).parent / "parity" / "script.py"
STORIES = re.findall(r"^@scenario\ndef (\w+)", SCRIPT.read_text(), re.MULTILINE)

#: A Python that has HermesCache. `cargo xtask test` makes one.
ANCESTOR = os.environ.get("HERMES_ANCESTOR")


@functools.cache
def seen(*command: str) -> dict[str, Any]:
    """What the script shows, by story."""
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    seen = dict(json.loads(line) for line in run.stdout.splitlines())
    assert seen, run.stderr
    return seen


@pytest.mark.skipif(ANCESTOR is None, reason="HERMES_ANCESTOR names no Python with HermesCache")
@pytest.mark.parametrize("place", ["inprocess", "redis"])
@pytest.mark.parametrize("story", STORIES)
def test_it_looks_as_under_hermescache(a_redis: Redis, place: str, story: str) -> None:
    script = [str(SCRIPT), place] if place == "inprocess" else [str(SCRIPT), place, str(a_redis.port)]
    assert ANCESTOR is not None
    # Isolated, lest a PYTHONPATH give it this package.
    assert seen(sys.executable, *script)[story] == seen(ANCESTOR, "-I", *script)[story]
