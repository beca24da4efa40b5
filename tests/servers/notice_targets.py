"""Where notices arrive in tests: a webhook and a mail server on loopback."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from tests.servers.loopback import LoopbackHandler, serving


class Webhook:
    """A webhook: what it was sent, and how it answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.status = 200
        self.hangs_seconds = 0.0
        self.taken: list[dict[str, Any]] = []
        self.asked = 0

    def url(self, path: str = "hook") -> str:
        """Its address for notices."""
        return f"json://127.0.0.1:{self.port}/{path}"

    @property
    def titles(self) -> list[str]:
        """Titles of what was taken."""
        return [str(one["title"]) for one in self.taken]

    @property
    def bodies(self) -> list[str]:
        """Texts of what was taken."""
        return [str(one["message"]) for one in self.taken]


class _WebhookHandler(LoopbackHandler):
    def take(self, body: bytes) -> None:
        hook: Webhook = self.kept
        hook.asked += 1
        time.sleep(hook.hangs_seconds)
        if hook.status == 200:
            hook.taken.append(json.loads(body))
        self.answer(hook.status, "text/plain", b"said")


@contextmanager
def a_webhook(port: int = 0) -> Iterator[Webhook]:
    """A webhook that runs while the block does, on a free port unless one is named."""
    with serving(_WebhookHandler, Webhook, port) as hook:
        yield hook


class Mailbox:
    """A mail server and what it was given."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    def url(self, *to: str) -> str:
        """Its address for notices to these people."""
        return (
            f"mailto://127.0.0.1:{self.port}?from=tollbook@example.com&to={','.join(to)}"
            "&mode=insecure"
        )

    @property
    def texts(self) -> list[str]:
        """Plain texts of the mails."""
        return [_text(mail) for mail in self.mails]


class _SmtpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    mailbox: Mailbox


class _SmtpSession(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs that sends mail in plain text."""

    def handle(self) -> None:
        self._say("220 loopback ESMTP")
        recipients: list[str] = []
        while line := self.rfile.readline():
            verb = line.strip().upper()
            if verb.startswith(b"RCPT TO:"):
                recipients.append(line.strip()[8:].decode().split()[0].strip("<>"))
            if verb == b"DATA":
                self._say("354 go on")
                self._take(recipients)
                recipients = []
            if verb == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 ok")

    def _take(self, recipients: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(self.server, _SmtpServer)
        assert isinstance(mail, EmailMessage)
        self.server.mailbox.mails.append(mail)
        self.server.mailbox.recipients.append(recipients)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def a_mailbox() -> Iterator[Mailbox]:
    """A mail server that runs while the block does."""
    with _SmtpServer(("127.0.0.1", 0), _SmtpSession) as server:
        server.mailbox = Mailbox(int(server.server_address[1]))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.mailbox
        finally:
            server.shutdown()
            thread.join()


def wait_until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Return once the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain",))
    assert body is not None
    return str(body.get_content())
