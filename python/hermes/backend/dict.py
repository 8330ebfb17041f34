"""The name that HermesCache 0.6 had for `hermes.backend.inprocess`."""

from __future__ import annotations

from hermes.backend import inprocess

__all__ = ["Backend", "Lock"]

Lock = inprocess.Lock


class Backend(inprocess.Backend):
    """Entries in this process. They expire, as everywhere."""
