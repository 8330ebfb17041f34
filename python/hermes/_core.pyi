"""The compiled part of `hermes`: everything on the way of a call.

Private. `hermes` re-exports what is public; the rest is how its Python half talks to the engine.
Imports `hermes._errors` when it raises one of its classes, and `hermes._coroutines` for coroutine functions.
Nothing here touches the network before a call, a verb or a listing does.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, TypeVar, final, overload, type_check_only

from typing_extensions import Self, disjoint_base

_P = ParamSpec("_P")
_Q = ParamSpec("_Q")
_R = TypeVar("_R")
_T = TypeVar("_T")
_Ttl = float | Callable[..., float | None] | None

__version__: str

def encode(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """The bytes of arguments as they go into keys, for `Mangler.nameEntry`: equal ones whatever the order of `kwargs`.
    HermesError if an argument cannot be part of a key."""

@final
class Engine:
    """One place where entries are kept. Cheap to make, connects when first asked, usable from all threads, loops and
    forked children."""

    def __new__(
        cls,
        url: str,
        *,
        namespace: str = "cache",
        serialiser: Literal["pickle", "messagepack", "json"] = "pickle",
        compress_from: int | None = ...,
        dumps: Callable[[Any], bytes] | None = None,
        loads: Callable[[bytes], Any] | None = None,
        secret: bytes | None = None,
    ) -> Self:
        """`url`: as Rust's `Builder::url`, options as its parameters (`redis://h:6379/1?timeout=2s`, `memory://`,
        `noop://`). `namespace`: 1 to 64 bytes without braces, blanks, control characters.
        `compress_from`: pickles of that many bytes are compressed by zlib on servers; None: never.
        `dumps` and `loads`, together: the bytes of values on servers are theirs (a Mangler's, compression included), and
        `serialiser`, `compress_from` say nothing. `secret`: pickles on servers are signed, and others are misses.
        Raises HermesError that names what is wrong with an option."""

    @property
    def in_process(self) -> bool:
        """Whether entries are kept in this process (`memory://`)."""

    def clean(self, tags: Sequence[str] | None) -> None:
        """Drops what carries any of the tags; None: the whole namespace; none: nothing. Gives up the GIL.
        Raises HermesError if a server did not confirm."""

    def clean_async(self, tags: Sequence[str] | None) -> Awaitable[None]: ...
    def stats(self) -> dict[str, int]:
        """hits, misses, computations, waits, errors, fenced_commits of this process."""

    def dump(self) -> list[tuple[str, list[str], float, int]]:
        """(key, tags, seconds of ttl left, size in bytes or weight) of all that a call would hit. Gives up the GIL."""

    def entries(self) -> list[tuple[str, list[str], float, Any]]:
        """(key, tags, seconds of ttl left, value, a copy of it) of all that is kept. HermesError unless `in_process`."""
    # Entries by hand, under the names that `key=` gives: what Rust calls `cache.entry(name)`.
    def get(self, name: str, default: Any = None) -> Any: ...
    def set(self, name: str, value: Any, *, ttl: float | None = None, tags: Sequence[str] = ...) -> None:
        """`ttl` None: an hour. Raises HermesError as `clean` does, or if the value has no bytes."""

    def remove(self, name: str) -> None: ...

@final
class Call:
    """One call, as a driver of a custom backend is told of it."""

    @property
    def function(self) -> Callable[..., Any]:
        """What computes; bound where it is a method."""

    @property
    def args(self) -> tuple[Any, ...]:
        """Without the receiver."""

    @property
    def kwargs(self) -> dict[str, Any]: ...
    @property
    def name(self) -> str | None:
        """What `key=` gave."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Templates filled in, callables asked."""

    @property
    def ttl(self) -> _Ttl:
        """The function's, else the frontend's; a callable is asked as `ttl(value, function, *args, **kwargs)`."""

@type_check_only
class Driver(Protocol):
    """What serves the cached functions of a frontend whose backend is written in Python. Exceptions reach the caller as they
    are. Only the twins are used for coroutine functions."""

    def get(self, call: Call) -> Any: ...
    def refresh(self, call: Call) -> Any: ...
    def peek(self, call: Call) -> Any: ...
    def invalidate(self, call: Call) -> None: ...
    def key(self, call: Call) -> str: ...
    def clear(self, cached: Cached[..., Any]) -> None: ...
    def get_async(self, call: Call) -> Awaitable[Any]: ...
    def refresh_async(self, call: Call) -> Awaitable[Any]: ...
    def peek_async(self, call: Call) -> Awaitable[Any]: ...
    def invalidate_async(self, call: Call) -> Awaitable[None]: ...
    def clear_async(self, cached: Cached[..., Any]) -> Awaitable[None]: ...

@disjoint_base
class Frontend:
    """What cached functions ask at each call where they are kept and how long. The base of `Hermes`: `__new__` takes
    whatever a subclass does, and each of the four can be assigned at any time, effective from the next call."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self: ...
    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...
    engine: Engine | Driver | None
    """None, as at first: every call computes."""
    ttl: _Ttl
    """Seconds; 0 or less: not stored; None: 100 years; a callable is asked after each computation. First: 3600.
    TypeError for anything else (a bool and a str included)."""
    cache_none: bool
    """Whether None is kept. First: True."""
    namer: Callable[..., str] | None
    """The whole key of calls without `key=`, asked as `namer(function, *args, **kwargs)`: an overridden
    `Mangler.nameEntry`."""

@disjoint_base
class Cached(Generic[_P, _R]):
    """A cached function. Its `__init__` (not `__new__`) does the work, so that subclasses may take other arguments.
    Carries `functools.update_wrapper`'s metadata of the callable. A descriptor: through an instance or a class it gives an
    object of its own class, bound to it (`__self__`), with the metadata less the receiver."""

    def __init__(
        self,
        frontend: Frontend,
        callable: Callable[_P, _R],
        *,
        ttl: _Ttl = None,
        key: Callable[..., str] | None = None,
        tags: Sequence[str] | str | Callable[..., Sequence[str]] = (),
        name: str | None = None,
        version: str | None = None,
    ) -> None:
        """`key`: the whole key, asked as `key(function, *args, **kwargs)`. `tags`: a str is one tag; `{parameter}`,
        `{parameter.attribute}` and a format spec after `:` in it are filled in if they name a parameter; a callable is asked
        like `key`. `name`, `version`: in place of module and qualified name; beside them.
        HermesError: not callable and no method descriptor, an async generator function."""

    __name__: str
    __qualname__: str
    __wrapped__: Callable[_P, _R]

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """What `key`, `ttl` and `tags` raise goes to the caller, faults of a server do not."""

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(
        self: Cached[Concatenate[Any, _Q], _R], instance: object, owner: type | None = None, /
    ) -> Cached[_Q, _R]: ...
    def invalidate(self, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Once it has returned, no later call gets a value whose computation began before. One round trip to a server.
        HermesError if it did not confirm, or an argument cannot be part of a key."""

    def refresh(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Computes now, replaces what is kept, and returns it. If the function raises, what is kept stays."""

    def peek(self, *args: _P.args, **kwargs: _P.kwargs) -> _R | None:
        """The value that is kept, or None. Never computes. One round trip to a server."""

    def uncached(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Calls the function itself, and leaves the cache alone."""

    def key(self, *args: _P.args, **kwargs: _P.kwargs) -> str:
        """The key as `Engine.dump` shows it. Not a coroutine, ever. HermesError if an argument cannot be part of it."""

    def clear(self) -> None:
        """Drops all entries of this function, at the cost of one. HermesError if a server did not confirm."""

    @property
    def frontend(self) -> Frontend: ...

class CachedCoro(Cached[_P, Coroutine[Any, Any, _T]], Generic[_P, _T]):
    """A cached coroutine function: `__call__`, `invalidate`, `refresh`, `peek`, `uncached`, `clear` are coroutines.
    `inspect.iscoroutinefunction` is true of its `__call__`, and from 3.12 on of itself."""

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(
        self: CachedCoro[Concatenate[Any, _Q], _T], instance: object, owner: type | None = None, /
    ) -> CachedCoro[_Q, _T]: ...
    def invalidate(  # type: ignore[override]
        self, *args: _P.args, **kwargs: _P.kwargs
    ) -> Coroutine[Any, Any, None]: ...
    def peek(  # type: ignore[override]
        self, *args: _P.args, **kwargs: _P.kwargs
    ) -> Coroutine[Any, Any, _T | None]: ...
    def clear(self) -> Coroutine[Any, Any, None]: ...  # type: ignore[override]
