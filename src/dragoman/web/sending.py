"""Sends alerts to webhooks and by mail, each until it has arrived or was tried often enough.

Webhooks are asked under the guard of `sources.web`: none inside the owner's network unless the owner allows it. Mail
goes through one configured server. A log line names the watch, never an address.
"""

from __future__ import annotations

import json
import logging
import smtplib
import ssl
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote

from dragoman.addresses import split_address
from dragoman.errors import QueryError
from dragoman.sources.web import FetchError, FetchLimits, Resolver, resolve_host, send_note
from dragoman.web.queries import PageView
from dragoman.web.watches import Alert, Watch, WatchBox

LIMITS = FetchLimits(connect_seconds=4, read_seconds=6, total_seconds=10)
MAIL_SECONDS = 15.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in: `smtp` (with STARTTLS where the server has it) or `smtps`, and from whom it comes."""

    host: str
    port: int
    sender: str
    is_encrypted: bool = False
    user: str | None = None
    password: str | None = None

    @classmethod
    def read(cls, address: str, sender: str) -> MailServer:
        """From `smtp://user:password@host:port`; raises QueryError where it is none."""
        parts = split_address(address)
        if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise QueryError("name the mail server as smtp://host:port or smtps://user:password@host:port")
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if parts.scheme == "smtps" else 25),
            sender=sender,
            is_encrypted=parts.scheme == "smtps",
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """How alerts leave: under which address the site is reached, whether private webhooks are allowed, which server."""

    site_url: str = ""
    mail: MailServer | None = None
    allow_private: bool = False
    resolve: Resolver = resolve_host

    def send_waiting(self, box: WatchBox) -> int:
        """Sends what waits and gives how many alerts arrived."""
        arrived = 0
        for alert, watch in box.waiting():
            has_arrived = self._send(alert, watch)
            box.note_sent(alert, has_arrived=has_arrived)
            arrived += has_arrived
        return arrived

    def _send(self, alert: Alert, watch: Watch) -> bool:
        try:
            if watch.webhook:
                self._post(alert, watch.webhook)
            if watch.mail:
                self._mail(alert, watch.mail)
        except (FetchError, QueryError, smtplib.SMTPException, OSError) as trouble:
            _log.warning("an alert of the watch %r was not sent (%s)", watch.name, type(trouble).__name__)
            return False
        return True

    def _post(self, alert: Alert, webhook: str) -> None:
        told = {
            "watch": alert.watch,
            "title": alert.title,
            "summary": alert.summary,
            "day": alert.day,
            "page": f"{self.site_url}{alert.path}",
            "alert": alert.id,
        }
        status = send_note(
            webhook,
            json.dumps(told, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
            allow_private=self.allow_private,
            resolve=self.resolve,
            limits=LIMITS,
        )
        if not 200 <= status < 300:
            raise FetchError("fetch-failed", f"HTTP status {status}")

    def _mail(self, alert: Alert, to: str) -> None:
        if self.mail is None:
            raise QueryError("no mail server is configured: name one with --smtp")
        message = EmailMessage()
        message["From"], message["To"] = self.mail.sender, to
        message["Subject"] = " ".join(alert.title.split())
        message["Message-ID"] = f"<alert-{alert.id}-{alert.made_at.replace(':', '')}@dragoman.invalid>"
        message.set_content(f"{alert.summary}\n\n{self.site_url}{alert.path}\n")
        with self._session(self.mail) as session:
            session.send_message(message)

    def _session(self, mail: MailServer) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if mail.is_encrypted:
            session: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=MAIL_SECONDS, context=context)
        else:
            session = smtplib.SMTP(mail.host, mail.port, timeout=MAIL_SECONDS)
            session.ehlo()
            if session.has_extn("starttls"):
                session.starttls(context=context)
        if mail.user and mail.password:
            session.login(mail.user, mail.password)
        return session


def keep_watch(view: PageView, box: WatchBox, sender: Sender, *, every: float, stop: threading.Event) -> None:
    """Checks all watches and sends their alerts, again and again until `stop` is set."""
    while not stop.wait(every):
        box.check(view)
        sender.send_waiting(box)
