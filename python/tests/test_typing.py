"""What type checkers make of decorated functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TYPED = Path(__file__).parent / "typed"


def mypy(file: Path) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", str(file)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode < 2, run.stderr
    return run.stdout.splitlines()


def test_right_uses_are_right() -> None:
    assert mypy(TYPED / "right.py") == []


def test_wrong_uses_are_errors_where_they_stand() -> None:
    """Each line that ends in ``# error`` has one, and no other."""
    file = TYPED / "wrong.py"
    expected = {number for number, line in enumerate(file.read_text().splitlines(), 1) if line.endswith("# error")}
    assert expected
    found = {int(line.split(":")[1]) for line in mypy(file) if ": error:" in line}
    assert found == expected


def test_the_stub_says_what_the_compiled_module_has() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "hermes._core", "--ignore-missing-stub"],
        check=False,
        capture_output=True,
        text=True,
        # Away from the sources, which have no compiled module beside them.
        cwd="/",
    )
    if run.returncode:
        pytest.fail(run.stdout)
