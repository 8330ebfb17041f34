"""Real servers for tests: each on a free port of its own, stopped by its process id."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

#: How long a server may take to do what it is told. Only a broken machine needs it all.
PATIENCE_S = 20.0


def wait_until(what: str, condition: Callable[[], bool]) -> None:
    """Waits for a condition, and fails with its name if it does not come true."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:.0f} s in vain: {what}"
        time.sleep(0.002)


class Server:
    """A program that listens on a port of 127.0.0.1, and dies with this process at the latest."""

    def __init__(self, name: str, command: Callable[[int, Path], list[str]]) -> None:
        self._name = name
        self._command = command
        self._folder = Path(tempfile.mkdtemp(prefix=f"hermes-{name}-"))
        self.port = _free_port()
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, or starts it again on the same port."""
        # The kernel ends the server if these tests are killed.
        command = ["setpriv", "--pdeathsig", "KILL", *self._command(self.port, self._folder)]
        with (self._folder / "log").open("ab") as log:
            # In a folder of its own: Python would find this package's sources in the current one, without their compiled half.
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(f"{self._name} answers", self._listens)

    def _listens(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._process.kill()
        self._process.wait()

    def hang(self) -> None:
        """Leaves its connections open and unanswered, until `go_on`."""
        self._process.send_signal(signal.SIGSTOP)
        wait_until(f"{self._name} stands still", self._stands_still)

    def _stands_still(self) -> bool:
        """Whether the signal has reached every thread."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/stat")
        return all(thread.read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """Ends it and all it has written."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class Redis(Server):
    def __init__(self) -> None:
        super().__init__(
            "redis",
            lambda port, folder: [
                *("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
                *("--save", "", "--appendonly", "no"),
            ],
        )

    def command(self, *words: str, db: int = 0) -> bytes:
        """Sends one command and returns the first line of its answer, or the whole of a bulk string."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            lines = connection.makefile("rwb")
            for words_sent in (("SELECT", str(db)), words):
                lines.write(b"*%d\r\n" % len(words_sent))
                for word in words_sent:
                    lines.write(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()))
                lines.flush()
                answer = _answer(lines.readline(), lines.read)
        return answer

    def empty(self) -> None:
        self.command("FLUSHALL")


class Memcached(Server):
    def __init__(self) -> None:
        super().__init__(
            "memcached",
            # It does not run as root without being told as whom.
            lambda port, _: ["memcached", "-u", "root", "-l", "127.0.0.1", "-p", str(port), "-U", "0"],
        )

    def empty(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(b"flush_all\r\n")
            assert connection.recv(64) == b"OK\r\n"


def _answer(line: bytes, read: Callable[[int], bytes]) -> bytes:
    if not line.startswith(b"$") or line.startswith(b"$-1"):
        return line[1:].rstrip(b"\r\n")
    length = int(line[1:])
    return read(length + 2)[:length]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
