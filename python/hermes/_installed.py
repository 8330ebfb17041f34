"""Sees whether HermesCache is installed in the same place, where its files have the names of ours."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress


def check() -> None:
    """Warns if it is. Looks at names only: to ask the installer's records would take longer than all the rest of an import."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # It may be an archive.
    with suppress(OSError):
        names = map(str.lower, os.listdir(folder))
        if any(name.startswith("hermescache-") and name.endswith((".dist-info", ".egg-info")) for name in names):
            warnings.warn(
                f"HermesCache is installed in {folder} as well, and its files have the names of this package's: uninstall "
                "both, then install one",
                RuntimeWarning,
                stacklevel=3,
            )
