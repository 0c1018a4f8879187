"""The e-mail sender: one SMTP conversation per message, each way it can end told apart."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from core.domain.effects import Effect, Outcome, dead, done, later, unknown
from core.domain.refusals import Invalid
from core.domain.values import dataclass

if TYPE_CHECKING:
    from notifications.render import Words

_ADDRESS = re.compile(r"([^\s@<>,;:\"\\()\[\]\x00-\x20\x7f]{1,64})@([^\s@<>,;:\"\\()\[\]]{1,255})")
_LOST = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in. `start_tls` None means: where the server offers it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_tls: bool = False
    start_tls: bool | None = None


def parse_smtp_url(url: str) -> SmtpServer:
    """smtp://user:pass@host:587?starttls=1 or smtps://user:pass@host.

    A password travels encrypted unless the URL itself says starttls=0.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise Invalid("This is not a mail server address.", "Write smtp://host:port or smtps://.")
    use_tls = parts.scheme == "smtps"
    asked = parse_qs(parts.query).get("starttls", [""])[0]
    wanted = {"1": True, "0": False}.get(asked, True if parts.password else None)
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or (465 if use_tls else 587),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=use_tls,
        start_tls=False if use_tls else wanted,
    )


class EmailSender:
    """Hands mail to one server under one From. `now` dates the mail; it is not asked otherwise."""

    def __init__(
        self,
        server: SmtpServer,
        from_address: str,
        from_name: str,
        now: Callable[[], datetime],
        reply_to: str | None = None,
        timeout_seconds: float = 30,
    ) -> None:
        self._server = server
        self._from = Address(from_name, addr_spec=mailbox(from_address))
        self._reply_to = mailbox(reply_to) if reply_to else None
        self._now = now
        self._timeout_seconds = timeout_seconds

    async def send(self, effect: Effect, words: Words, address: str) -> Outcome:
        try:
            recipient = mailbox(address)
            message = self._message(effect, words, recipient)
        except ValueError as problem:
            return dead(f"This mail cannot be written: {problem}")
        except Invalid as refusal:
            return Outcome("dead", refusal.sentence, result={"suppress": True})
        return await self._hand_in(message, recipient, effect)

    def _message(self, effect: Effect, words: Words, recipient: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = self._from
        message["To"] = recipient
        message["Subject"] = words.subject
        message["Date"] = format_datetime(self._now())
        message["Message-ID"] = message_id(effect.key, self._from.domain)
        message["Auto-Submitted"] = "auto-generated"
        if self._reply_to:
            message["Reply-To"] = self._reply_to
        if words.unsubscribe_url:
            message["List-Unsubscribe"] = f"<{words.unsubscribe_url}>"
        message.set_content(_text_with_button(words), cte="quoted-printable")
        if words.html is not None:
            message.add_alternative(words.html, subtype="html", cte="quoted-printable")
        return message

    async def _hand_in(self, message: EmailMessage, recipient: str, effect: Effect) -> Outcome:
        smtp = self._connection()
        try:
            refused = await self._address_envelope(smtp, recipient)
            if refused is not None:
                return refused
            return await _hand_over(smtp, message, effect)
        finally:
            smtp.close()

    def _connection(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.username,
            password=self._server.password,
            use_tls=self._server.use_tls,
            start_tls=self._server.start_tls,
            local_hostname=self._from.domain,
            timeout=self._timeout_seconds,
        )

    async def _address_envelope(self, smtp: aiosmtplib.SMTP, recipient: str) -> Outcome | None:
        """All before the mail itself: whatever breaks here, the mail has certainly not gone."""
        try:
            await smtp.connect()
            await smtp.mail(self._from.addr_spec)
            await smtp.rcpt(recipient)
        except aiosmtplib.SMTPRecipientRefused as problem:
            return _refused("the address", problem, bad_address=True)
        except aiosmtplib.SMTPSenderRefused as problem:
            return _refused("the sender", problem)
        except (aiosmtplib.SMTPException, *_LOST) as problem:
            # A wrong password or a server that greets with 5xx is ours to mend: the mail waits.
            return later(f"The mail server cannot be used now ({type(problem).__name__}).")
        return None


async def _hand_over(smtp: aiosmtplib.SMTP, message: EmailMessage, effect: Effect) -> Outcome:
    """A connection that is lost here may be lost after the final dot: then nobody knows."""
    try:
        await smtp.data(message.as_bytes())
    except aiosmtplib.SMTPResponseException as problem:
        return _refused("the mail", problem)
    except (aiosmtplib.SMTPException, *_LOST) as problem:
        return unknown(f"The connection was lost while handing over ({type(problem).__name__}).")
    # The mail is accepted; how the server says good-bye cannot change that.
    with suppress(aiosmtplib.SMTPException, OSError):
        await smtp.quit()
    return done(message_id=str(message["Message-ID"]), sent_again=effect.unknown_before)


def _refused(
    what: str, problem: aiosmtplib.SMTPResponseException, bad_address: bool = False
) -> Outcome:
    said = f"The mail server refused {what}: {problem.code} {problem.message[:200]}"
    if problem.code >= 500:
        return Outcome("dead", said, result={"suppress": True} if bad_address else {})
    return later(said)


def message_id(key: str, domain: str) -> str:
    """The same for every attempt of one effect, so that a mail program can fold copies."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def mailbox(address: str) -> str:
    """One plain mailbox; a list, a display name, a line break or a header in it is refused."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not found[1].isascii():
        raise Invalid("This is not one plain e-mail address.", "Correct the address.")
    try:
        return f"{found[1]}@{found[2].encode('idna').decode()}"
    except UnicodeError as problem:
        raise Invalid("This e-mail domain does not exist.", "Correct the address.") from problem


def _text_with_button(words: Words) -> str:
    """Our templates write the link into the text themselves; other words may not."""
    if words.button is None or words.button.url in words.text:
        return words.text + "\n"
    return f"{words.text}\n\n{words.button.label}:\n{words.button.url}\n"
