"""How keys are named and values become bytes, for those who want it otherwise.

The engine names entries and packs values by itself. It asks a mangler only for what a subclass has changed; backends
written in Python are given all of it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import inspect
import os
import pickle
import zlib
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple

from hermes import _core


class Serialiser(NamedTuple):
    """Turns a value into bytes, and back."""

    dumps: Callable[[Any], bytes]
    loads: Callable[[bytes], Any]


class Compressor(NamedTuple):
    """Makes bytes fewer, and gives them back."""

    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes], bytes]
    #: What ``decompress`` raises on bytes that were never compressed.
    decompressError: type[Exception] | tuple[type[Exception], ...]
    #: Shorter bytes are left as they are.
    compressMinLength: int = 0


PICKLE = Serialiser(pickle.dumps, pickle.loads)
ZLIB = Compressor(zlib.compress, zlib.decompress, zlib.error, 100)

#: Bytes of a digest in a name: 22 characters.
_DIGEST_BYTES = 16


class Mangler:
    """Names of entries and tags, and values as bytes. Override what should be otherwise."""

    prefix: ClassVar[str] = "cache"
    """What all names begin with: the cache's namespace. 1 to 64 bytes without braces, blanks or control characters."""

    serialiser: ClassVar[Serialiser] = PICKLE
    compressor: ClassVar[Compressor | None] = ZLIB

    def dumps(self, value: Any) -> bytes:
        """The value as bytes."""
        data = self.serialiser.dumps(value)
        if self.compressor is not None and len(data) >= self.compressor.compressMinLength:
            data = self.compressor.compress(data)
        return data

    def loads(self, value: bytes) -> Any:
        """What `dumps` was given."""
        return self.serialiser.loads(self._decompressed(value))

    def _decompressed(self, value: bytes) -> bytes:
        if self.compressor is None:
            return value
        try:
            return self.compressor.decompress(value)
        except self.compressor.decompressError:
            return value  # It was too short to be compressed.

    def hash(self, value: bytes) -> str:
        """A digest of the bytes, in letters, digits, ``-`` and ``_``."""
        return _text(hashlib.blake2b(value, digest_size=_DIGEST_BYTES).digest())

    def hashTags(self, tagMap: dict[str, str]) -> str:
        """A digest of the versions, whatever order the tags come in."""
        return self.hash("|".join(version for _, version in sorted(tagMap.items())).encode())

    def mapTags(self, tagKeys: Iterable[str]) -> dict[str, str]:
        """A new version for each tag."""
        return {key: _text(os.urandom(_DIGEST_BYTES)) for key in tagKeys}

    def nameEntry(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
        """The key of a call. ``fn`` is the function, or the method as bound to its instance or class.

        `HermesError` if an argument cannot be part of a key.
        """
        digest = self.hash(_core.encode(*_in_order(fn, args, kwargs)))
        return ":".join([self.prefix, "entry", *_path(fn), digest])

    def nameTag(self, tag: str) -> str:
        """The key under which a tag's version is kept."""
        return f"{self.prefix}:tag:{tag}"

    def nameLock(self, entryKey: str) -> str:
        """The key of an entry's lock."""
        start = f"{self.prefix}:entry:"
        return f"{self.prefix}:lock:{entryKey.removeprefix(start)}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _in_order(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as the function's parameters get them, however they were passed."""
    while isinstance(fn, functools.partial):
        fn, args, kwargs = fn.func, (*fn.args, *args), {**fn.keywords, **kwargs}
    try:
        bound = inspect.signature(fn).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return args, kwargs  # The function will say what is wrong with them, or nobody knows its parameters.
    bound.apply_defaults()
    return bound.args, bound.kwargs


def _path(fn: Callable[..., Any]) -> list[str]:
    """Module, class if there is one, and name."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    named = fn if hasattr(fn, "__name__") else type(fn)
    module = getattr(named, "__module__", None) or "builtins"
    receiver = getattr(fn, "__self__", None)
    if receiver is None or inspect.ismodule(receiver):
        return [module, named.__name__]
    owner = receiver if inspect.isclass(receiver) else type(receiver)
    return [module, owner.__name__, named.__name__]
