"""Entries on Redis or Valkey: one server, a socket, a cluster, or whoever sentinels name."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hermes._errors import HermesError
from hermes._mangler import Mangler
from hermes.backend._engine import Codec, EngineBackend, bracketed, check_lockconf

__all__ = ["Backend"]

#: What redis-py's client takes and the engine has no use for: it manages connections in its own way.
_TUNING = {
    "auto_close_connection_pool",
    "charset",
    "client_name",
    "connection_pool",
    "decode_responses",
    "driver_info",
    "encoding",
    "encoding_errors",
    "errors",
    "health_check_interval",
    "lib_name",
    "lib_version",
    "max_connections",
    "protocol",
    "redis_connect_func",
    "retry",
    "retry_on_error",
    "retry_on_timeout",
    "single_connection_client",
    "socket_keepalive",
    "socket_keepalive_options",
    "socket_read_size",
    "ssl_check_hostname",
    "ssl_min_version",
}


class Backend(EngineBackend):
    """Entries on a Redis server. Connects when it is first asked.

    Either ``url`` (``redis://``, ``rediss://``, ``redis+unix://``, ``redis+cluster://``, ``redis+sentinel://``) or the
    keywords of redis-py's client say where. Options of the engine: ``timeout``, ``connect_timeout``, ``lease``, ``patience``
    (seconds), ``value_limit``, ``trust_restored_data``. ``serialiser`` is ``"pickle"``, or for values that other languages
    read ``"messagepack"`` or ``"json"``. With a ``secret``, pickles are signed, and those of anybody else are misses.
    """

    def __init__(
        self,
        mangler: Mangler,
        *,
        host: str = "localhost",
        password: str | None = None,
        port: int = 6379,
        db: int = 0,
        lockconf: Mapping[str, float] | None = None,
        username: str | None = None,
        unix_socket_path: str | os.PathLike[str] | None = None,
        ssl: bool = False,
        ssl_ca_certs: str | os.PathLike[str] | None = None,
        ssl_cert_reqs: str = "required",
        socket_timeout: float | None = None,
        socket_connect_timeout: float | None = None,
        url: str | None = None,
        serialiser: Codec = "pickle",
        secret: bytes | None = None,
        **options: Any,
    ) -> None:
        check_lockconf(lockconf)
        if ssl_cert_reqs != "required":
            raise HermesError(
                "certificates are always verified; leave out ssl_cert_reqs, and name their authority in ssl_ca_certs"
            )
        if url is not None and (username, password, unix_socket_path, ssl) != (None, None, None, False):
            raise HermesError("a url says all of where and as whom; leave out the other keywords")
        ignored = sorted(_TUNING.intersection(options))
        if ignored:
            warnings.warn(f"options of redis-py that have no meaning here: {', '.join(ignored)}", stacklevel=3)
        if url is None:
            login = _login(username, password)
            if unix_socket_path is not None:
                url = f"redis+unix://{login}{quote(os.fspath(unix_socket_path))}"
            else:
                url = f"{'rediss' if ssl else 'redis'}://{login}{bracketed(host)}:{port}"
        known = {
            "db": db or None,
            "ca": ssl_ca_certs,
            "timeout": socket_timeout,
            "connect_timeout": socket_connect_timeout,
            **{name: value for name, value in options.items() if name not in _TUNING},
        }
        super().__init__(mangler, url, known, serialiser=serialiser, secret=secret)


def _login(username: str | None, password: str | None) -> str:
    if username is None and password is None:
        return ""
    return f"{quote(username or '', safe='')}:{quote(password or '', safe='')}@"
