"""A tag-aware, stampede-proof cache: HermesCache's API on an engine written in Rust.

>>> cache = Hermes(backend.inprocess.Backend, ttl=600)
>>> @cache(tags=("math",))
... def power(base, exponent):
...     return base**exponent
>>> power(2, 10)
1024
>>> cache.clean(["math"])
"""

from hermes import _installed
from hermes._core import Cached, CachedCoro, __version__
from hermes._errors import BackendError, BackendTimeout, HermesError
from hermes._facade import EntryInfo, Hermes, cachedfactory
from hermes._mangler import Compressor, Mangler, Serialiser

# For `hermes.backend.redis` after a mere `import hermes`.
from hermes.backend import dict as _dict  # noqa: F401
from hermes.backend import inprocess as _inprocess  # noqa: F401
from hermes.backend import memcached as _memcached  # noqa: F401
from hermes.backend import redis as _redis  # noqa: F401

_installed.check()

__all__ = [
    "BackendError",
    "BackendTimeout",
    "Cached",
    "CachedCoro",
    "Compressor",
    "EntryInfo",
    "Hermes",
    "HermesError",
    "Mangler",
    "Serialiser",
    "__version__",
    "cachedfactory",
]
