"""The errors of `hermes`."""


class HermesError(Exception):
    """What went wrong with a cache, where it must be told: never in a call of a cached function."""


class BackendError(HermesError, ConnectionError):
    """A server did not confirm; it may have happened."""


class BackendTimeout(HermesError, TimeoutError):
    """The same, because it took too long."""
