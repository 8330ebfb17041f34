"""Forked processes: what tests do in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from servers import wait_until


def in_a_child(what: Callable[[], Any]) -> None:
    """Runs it in a forked process, and fails if it fails there or hangs."""
    child = os.fork()
    if child == 0:
        try:
            what()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    statuses: list[int] = []

    def has_ended() -> bool:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            statuses.append(status)
        return bool(pid)

    try:
        wait_until("the child ends", has_ended)
    except AssertionError:
        os.kill(child, 9)
        os.waitpid(child, 0)
        raise
    assert statuses == [0]
