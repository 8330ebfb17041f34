"""`Hermes`: what decorates functions, cleans tags, and knows its backend.

Leaves calls to the engine, or to the driver of a backend written in Python.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar, overload

from hermes import _core
from hermes._core import Cached, CachedCoro
from hermes._custom import Driver
from hermes._errors import HermesError
from hermes._mangler import Mangler
from hermes.backend import AbstractBackend
from hermes.backend._engine import EngineBackend, overrides

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

Ttl = float | Callable[..., float | None] | None
Tags = Iterable[str] | str | Callable[..., Iterable[str]]


class EntryInfo(NamedTuple):
    """An entry that a call would find."""

    key: str
    tags: tuple[str, ...]
    #: Seconds until it expires.
    ttl: float
    #: Bytes on a server, units of capacity in process.
    size: int


class Decorator(Protocol):
    """What ``cache(ttl=…)`` returns: it takes the function."""

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, T]], /) -> CachedCoro[P, T]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Cached[P, R]: ...


def cachedfactory(frontend: Hermes, fn: Callable[..., Any], **kwargs: Any) -> Cached[..., Any]:
    """The cached function that stands in for ``fn``: a `CachedCoro` for a coroutine function, else a `Cached`."""
    return (CachedCoro if _is_coroutine_function(fn) else Cached)(frontend, fn, **kwargs)


class Hermes(_core.Frontend):
    """A cache, and the decorator that puts functions behind it.

    >>> import hermes
    >>> cache = hermes.Hermes(hermes.backend.inprocess.Backend, ttl=600)
    >>> @cache(tags=("user:{user_id}", "users"))
    ... def name(user_id):
    ...     return f"user {user_id}"
    >>> name(7)  # computed, then kept for ten minutes
    'user 7'
    >>> name(user_id=7)  # the same call: from the cache
    'user 7'
    >>> name.invalidate(7)  # drops this entry
    >>> cache.clean(["user:7"])  # drops every entry with this tag, of whatever function
    >>> cache.clean()  # drops everything, and nothing else that lives on the server
    >>> cache.stats()["hits"]
    1

    `hermes.Cached` has all that hangs on a cached function. Many processes share a cache through
    ``Hermes(hermes.backend.redis.Backend, host="localhost")`` or ``hermes.backend.memcached.Backend``. Making one connects
    nowhere, and a server that is down makes calls compute, not fail.

    ``backend`` is a class, made here with ``mangler`` and the options in ``backendconf``, or an instance. Without one,
    every call computes. ``ttl`` is in seconds; a callable is asked ``ttl(result, fn, *args, **kwargs)`` after each
    computation. With ``cache_none=False``, None is not kept.

    ``backend``, ``mangler``, ``cachedfactory``, ``ttl`` and ``cache_none`` can be assigned, and what is assigned counts from
    the next call on. ``backendClass``, ``manglerClass`` and ``cachedClass`` are HermesCache 0.6's names of the first three.
    """

    cachedfactory: Callable[..., Cached[..., Any]]

    def __init__(
        self,
        backend: type[AbstractBackend] | AbstractBackend = AbstractBackend,
        mangler: Mangler | type[Mangler] | None = None,
        cachedfactory: Callable[..., Cached[..., Any]] = cachedfactory,
        *,
        ttl: Ttl = 3600,
        cache_none: bool = True,
        backendClass: type[AbstractBackend] | None = None,
        manglerClass: type[Mangler] | None = None,
        cachedClass: type[Cached[..., Any]] | None = None,
        **backendconf: Any,
    ) -> None:
        self.ttl = ttl
        self.cache_none = cache_none
        self.cachedfactory = cachedClass or cachedfactory
        backend = backendClass or backend
        given = manglerClass or mangler
        if isinstance(backend, AbstractBackend):
            if backendconf:
                warnings.warn("the backend is made already: its options are ignored", stacklevel=2)
            self._mangler = _made(given) or backend.mangler
        elif inspect.isclass(backend) and issubclass(backend, AbstractBackend):
            self._mangler = _made(given) or Mangler()
            backend = backend(self._mangler, **backendconf)
        self.backend = backend

    @property
    def backend(self) -> AbstractBackend:
        """Where entries are kept."""
        return self._backend

    @backend.setter
    def backend(self, backend: AbstractBackend) -> None:
        if not isinstance(backend, AbstractBackend):
            raise HermesError(f"a backend is a class or an instance of AbstractBackend, not {backend!r}")
        self._backend = backend
        self._connect()

    @property
    def mangler(self) -> Mangler:
        """Names the entries. What makes bytes of them is the backend's own."""
        return self._mangler

    @mangler.setter
    def mangler(self, mangler: Mangler) -> None:
        self._mangler = mangler
        self._connect()

    def _connect(self) -> None:
        backend, mangler = self._backend, self._mangler
        self.namer = mangler.nameEntry if overrides(mangler, Mangler, "nameEntry") else None
        self._keeper = _keeper(backend, mangler)
        self.engine = self._keeper

    @overload
    def __call__(
        self,
        fn: Callable[P, Coroutine[Any, Any, T]],
        /,
        *,
        ttl: Ttl = None,
        tags: Tags = (),
        key: Callable[..., str] | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> CachedCoro[P, T]: ...
    @overload
    def __call__(
        self,
        fn: Callable[P, R],
        /,
        *,
        ttl: Ttl = None,
        tags: Tags = (),
        key: Callable[..., str] | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> Cached[P, R]: ...
    @overload
    def __call__(
        self,
        /,
        *,
        ttl: Ttl = None,
        tags: Tags = (),
        key: Callable[..., str] | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> Decorator: ...
    def __call__(
        self,
        /,
        *args: Any,
        ttl: Ttl = None,
        tags: Tags = (),
        key: Callable[..., str] | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> Any:
        """Decorates a function, a coroutine function or a method: as ``@cache``, or with options as ``@cache(ttl=60)``.

        - ``ttl``: seconds, or a callable that is asked ``ttl(result, fn, *args, **kwargs)``; 0 or less: not kept.
        - ``tags``: what `clean` knows the entries by. ``"user:{user_id}"`` takes an argument, ``"{user.id}"`` an attribute of
          one; a callable is asked ``tags(fn, *args, **kwargs)``.
        - ``key``: a callable that returns the whole key, a str, as ``key(fn, *args, **kwargs)``.
        - ``name``: in place of module and qualified name in keys.
        - ``version``: part of the key; change it with the meaning of the result.

        The receiver of a method is not part of the key, only its class.
        """
        options: dict[str, Any] = {}
        if not args or ttl is not None or tags or key is not None:
            options = {"ttl": ttl, "tags": tags, "key": key}
        for word, value in (("name", name), ("version", version)):
            if value is not None:
                options[word] = value
        if not args:
            return functools.partial(self.cachedfactory, self, **options)
        fn = args[0]
        if not callable(fn) and not isinstance(fn, (classmethod, staticmethod)):
            raise HermesError(f"what is cached is a function, a coroutine function or a method, not {fn!r}")
        return self.cachedfactory(self, fn, **options)

    def clean(self, tags: Iterable[str] | str | None = ()) -> None:
        """Drops every entry that carries any of the tags; without tags, every entry of this cache.

        Once it has returned, no later call gets a value whose computation began before. Costs the same whatever the number
        of entries: on a server one round trip, to each node of a cluster at once.

        `HermesError` if a server did not confirm. It may have happened, wholly or in part: call it again.
        """
        if self._keeper is not None:
            self._keeper.clean(_listed(tags))

    async def clean_async(self, tags: Iterable[str] | str | None = ()) -> None:
        """`clean`, without keeping the event loop waiting. Raises what it does."""
        if self._keeper is not None:
            await self._keeper.clean_async(_listed(tags))

    def stats(self) -> dict[str, int]:
        """What happened in this process: hits, misses, computations, waits, errors, fenced_commits. Asks no server."""
        return {} if self._keeper is None else self._keeper.stats()

    def dump(self) -> list[EntryInfo]:
        """All entries that a call would find, for a person at a console: on a server it goes through all keys.

        `HermesError` if a server could not be asked, or if the backend is one of your own.
        """
        if not isinstance(self._keeper, _core.Engine):
            raise HermesError("this backend cannot list its entries")
        return [EntryInfo(key, tuple(tags), ttl, size) for key, tags, ttl, size in self._keeper.dump()]


def _keeper(backend: AbstractBackend, mangler: Mangler) -> _core.Engine | Driver | None:
    """What carries out the verbs on a backend. Nobody, where nothing is kept."""
    if type(backend) is AbstractBackend:
        return None
    if isinstance(backend, EngineBackend) and not backend.has_verbs_of_its_own():
        return backend.engine
    return Driver(backend, mangler)


def _made(mangler: Mangler | type[Mangler] | None) -> Mangler | None:
    return mangler() if inspect.isclass(mangler) else mangler


def _listed(tags: Iterable[str] | str | None) -> list[str] | None:
    """The tags to clean, None for all entries."""
    listed = [tags] if isinstance(tags, str) else list(tags or ())
    for tag in listed:
        if not isinstance(tag, str):
            raise TypeError(f"a tag is a str, not {tag!r}")
    # Halves of surrogate pairs, which UTF-8 does not have, are written out.
    return [tag.encode("utf-8", "backslashreplace").decode() for tag in listed] or None


def _is_coroutine_function(fn: Any) -> bool:
    while isinstance(fn, (classmethod, staticmethod)):
        fn = fn.__func__
    if inspect.isclass(fn):
        return False
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(fn.__call__)
