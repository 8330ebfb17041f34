"""HermesCache installed in the same place: both packages have the same import name."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hermes

HERE = Path(hermes.__file__).parent


def imported(site: Path) -> str:
    """What importing the package from there prints."""
    program = f"import sys; sys.path.insert(0, {str(site)!r}); import hermes; assert hermes.__file__.startswith({str(site)!r})"
    run = subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True)
    return run.stderr


@pytest.mark.parametrize(
    ("neighbour", "warns"),
    [
        ("HermesCache-1.2.0.dist-info", True),
        ("hermescache-2.0.egg-info", True),
        ("hermescache_rs-1.0.dist-info", False),
    ],
)
def test_an_import_warns_of_hermescache_beside_it(tmp_path: Path, neighbour: str, warns: bool) -> None:
    shutil.copytree(HERE, tmp_path / "hermes")
    (tmp_path / neighbour).mkdir()
    assert ("RuntimeWarning: HermesCache is installed" in imported(tmp_path)) == warns
