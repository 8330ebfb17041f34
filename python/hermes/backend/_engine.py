"""A backend that the engine brings along: a URL for the engine, and entries by hand.

Knows no scheme and no client's keywords; the modules beside it do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypedDict
from urllib.parse import quote

from hermes import _core
from hermes._errors import HermesError
from hermes._mangler import PICKLE, ZLIB, Mangler
from hermes.backend import AbstractBackend, AbstractLock

Codec = Literal["pickle", "messagepack", "json"]

#: What a subclass may override, and is then asked instead of the engine.
_VERBS = ("lock", "save", "load", "remove", "clean")

#: The engine's own options, of which these are times. They are given in seconds.
_TIMES = {"patience", "lease", "timeout", "connect_timeout"}
_OPTIONS = {*_TIMES, "capacity", "jitter", "value_limit", "trust_restored_data", "db", "ca"}


class EngineBackend(AbstractBackend):
    """A place that the engine keeps entries in. Made without touching the network."""

    def __init__(
        self,
        mangler: Mangler,
        url: str,
        options: Mapping[str, Any],
        *,
        serialiser: Codec = "pickle",
        secret: bytes | None = None,
    ) -> None:
        super().__init__(mangler)
        custom = _custom_bytes(mangler)
        if custom and (serialiser != "pickle" or secret is not None):
            raise HermesError("the mangler has a serialiser or compressor of its own; leave out serialiser and secret")
        self.engine = _core.Engine(
            with_parameters(url, options),
            namespace=mangler.prefix,
            serialiser=serialiser,
            compress_from=mangler.compressor.compressMinLength if mangler.compressor else None,
            secret=secret,
            **custom,
        )

    def lock(self, key: str) -> AbstractLock:
        raise HermesError("the engine holds leases and has no locks to hand out")

    def save(self, mapping: Mapping[str, Any], *, ttl: float | None = None) -> None:
        """Puts values in by hand, under whole keys as a ``key=`` function returns them."""
        for key, value in mapping.items():
            self.engine.set(key, value, ttl=ttl)

    def load(self, keys: str | Iterable[str]) -> Any:
        if isinstance(keys, str):
            return self.engine.get(keys)
        absent = object()
        found = ((key, self.engine.get(key, absent)) for key in keys)
        return {key: value for key, value in found if value is not absent}

    def remove(self, keys: str | Iterable[str]) -> None:
        for key in [keys] if isinstance(keys, str) else keys:
            self.engine.remove(key)

    def clean(self) -> None:
        """Drops all of the namespace, and nothing else on the server."""
        self.engine.clean(None)

    def has_verbs_of_its_own(self) -> bool:
        """Whether a subclass wants to be asked itself."""
        ours = next(cls for cls in type(self).__mro__ if cls.__module__.startswith("hermes.backend."))
        return any(getattr(type(self), verb) is not getattr(ours, verb) for verb in _VERBS)


class _CustomBytes(TypedDict, total=False):
    dumps: Callable[[Any], bytes]
    loads: Callable[[bytes], Any]


def _custom_bytes(mangler: Mangler) -> _CustomBytes:
    """Both halves of a mangler that packs values in its own way."""
    is_plain = (
        not overrides(mangler, Mangler, "dumps")
        and not overrides(mangler, Mangler, "loads")
        and mangler.serialiser == PICKLE
        # The engine compresses by zlib too, and from which length on is its option.
        and (
            mangler.compressor is None or mangler.compressor._replace(compressMinLength=ZLIB.compressMinLength) == ZLIB
        )
    )
    return {} if is_plain else {"dumps": mangler.dumps, "loads": mangler.loads}


def overrides(thing: object, base: type, method: str) -> bool:
    """Whether a method of ``base`` is another one here, by a subclass or on the instance."""
    return getattr(getattr(thing, method), "__func__", None) is not getattr(base, method)


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def check_lockconf(lockconf: Mapping[str, float] | None) -> None:
    """Takes what HermesCache's locks were told. Leases need neither: nobody sleeps for long, and they are renewed."""
    unknown = set(lockconf or ()) - {"sleep", "timeout"}
    if unknown:
        raise TypeError(f"lockconf takes sleep and timeout, not {', '.join(sorted(unknown))}")


def with_parameters(url: str, parameters: Mapping[str, Any]) -> str:
    """The URL with each parameter that is not None."""
    said = [f"{name}={_parameter(name, value)}" for name, value in parameters.items() if value is not None]
    if not said:
        return url
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(said)}"


def _parameter(name: str, value: object) -> str:
    if name not in _OPTIONS:
        raise TypeError(f"unexpected option {name!r}")
    if name in _TIMES:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{name} is a number of seconds, not {value!r}")
        return f"{round(value * 1000)}ms"
    if isinstance(value, bool):
        return str(value).lower()
    return quote(str(value), safe="")
