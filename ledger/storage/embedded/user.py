"""As whom the embedded Postgres runs: it refuses to be root, so root lends it another identity."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ledger.domain.errors import EmbeddedPostgresFailed

_servers: list[subprocess.Popen[bytes]] = []
"""Servers started by this process; they may outlive whoever asked for them."""

_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


class ServerUser:
    """Runs the server's programs: as ourselves, as `nobody`, or inside a user namespace."""

    def __init__(self, user: pwd.struct_passwd | None, prefix: tuple[str, ...]) -> None:
        self._user = user
        self._prefix = prefix

    def own(self, path: Path) -> None:
        """Give a file to the server's user."""
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and capture what it says."""
        return subprocess.run(
            [*self._prefix, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=self._user and self._user.pw_uid,
            group=self._user and self._user.pw_gid,
            extra_groups=[] if self._user else None,
        )

    def spawn(self, command: Sequence[str | Path], log_file: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that our end is not its end."""
        child = subprocess.Popen(
            [*self._prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            cwd="/",
            start_new_session=True,
            user=self._user and self._user.pw_uid,
            group=self._user and self._user.pw_gid,
            extra_groups=[] if self._user else None,
        )
        _servers.append(child)
        return child


def reap_servers() -> None:
    """Collect servers of this process that have ended, so that none stays behind as a zombie."""
    _servers[:] = [server for server in _servers if server.poll() is None]


def choose_server_user(binaries: Path, home: Path, data: Path) -> ServerUser:
    """Pick an identity that can reach the binaries and the data.

    Raises EmbeddedPostgresFailed with the ways out when root has none to lend.
    """
    if os.geteuid() != 0:
        return ServerUser(None, ())
    nobody = _nobody()
    owner = data.stat().st_uid if data.exists() else None
    if nobody is not None and owner != 0 and _anyone_can_reach(binaries, home):
        return ServerUser(nobody, ())
    if owner in (None, 0) and _namespaces_work():
        return ServerUser(None, _NAMESPACE)
    raise EmbeddedPostgresFailed(
        f"Postgres does not run as root, and no other user can reach {binaries} and {home}; start"
        " Tollbook as an ordinary user, or move both to directories that others may enter, or set"
        " TOLLBOOK_DATABASE_URL to a server of yours"
    )


def _nobody() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return None


def _anyone_can_reach(*places: Path) -> bool:
    return all(
        folder.stat().st_mode & stat.S_IXOTH
        for place in places
        for folder in (place.resolve(), *place.resolve().parents)
    )


def _namespaces_work() -> bool:
    if shutil.which(_NAMESPACE[0]) is None:
        return False
    return subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
