"""Entries on memcached: one server or several."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from hermes._mangler import Mangler
from hermes.backend._engine import Codec, EngineBackend, bracketed, check_lockconf

__all__ = ["Backend"]

_PORT = 11211

#: What pymemcache's client takes and the engine has no use for: it manages connections in its own way.
_TUNING = {
    "allow_unicode_keys",
    "default_noreply",
    "encoding",
    "ignore_exc",
    "lock_generator",
    "max_pool_size",
    "no_delay",
    "pool_idle_timeout",
    "socket_keepalive",
    "socket_module",
}

Address = str | tuple[str, int]


class Backend(EngineBackend):
    """Entries on memcached. Connects when it is first asked.

    ``server`` or ``servers`` say where, as ``host``, ``host:port`` or ``(host, port)``. The other options are those of
    `hermes.backend.redis`.
    """

    def __init__(
        self,
        mangler: Mangler,
        *,
        server: Address = "localhost",
        servers: Iterable[Address] | None = None,
        lockconf: Mapping[str, float] | None = None,
        url: str | None = None,
        serialiser: Codec = "pickle",
        secret: bytes | None = None,
        **options: Any,
    ) -> None:
        check_lockconf(lockconf)
        ignored = sorted(_TUNING.intersection(options))
        if ignored:
            warnings.warn(f"options of pymemcache that have no meaning here: {', '.join(ignored)}", stacklevel=3)
        if url is None:
            url = f"memcached://{','.join(map(_place, [server] if servers is None else servers))}"
        known = {name: value for name, value in options.items() if name not in _TUNING}
        super().__init__(mangler, url, known, serialiser=serialiser, secret=secret)


def _place(address: Address) -> str:
    if isinstance(address, str):
        return address if ":" in address else f"{address}:{_PORT}"
    host, port = address
    return f"{bracketed(host)}:{port}"
