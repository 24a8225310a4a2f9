"""A small real mail server that keeps what it takes, and can be made to refuse or to fall silent."""

import asyncio
import datetime as dt
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from testbed.mesh import free_ports

USER, PASSWORD = "marquee", "0777: {geheim}"


class Inbox:
    """What was taken, in the order it came."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.recipients: list[str] = []
        self.refuse_recipient = self.refuse_message = ""
        self.was_encrypted: list[bool] = []
        self.is_slow, self.in_hand = False, 0

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str,  # noqa: N802
                          options: list[str]) -> str:
        if self.refuse_recipient:
            return f"{self.refuse_recipient} <{address}>"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse_message:
            return self.refuse_message
        self.in_hand += 1
        while self.is_slow:
            await asyncio.sleep(0.01)
        self.in_hand -= 1
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        self.was_encrypted.append(session.ssl is not None)
        return "250 taken"


@contextmanager
def mail_server(inbox: Inbox, certificate: Path | None = None, port: int = 0, utf8: bool = True) -> Iterator[int]:
    """Its port. With a certificate it asks for STARTTLS and the password. `utf8`: whether it has SMTPUTF8."""
    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))

    options: dict[str, Any] = {"enable_SMTPUTF8": utf8}
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        options |= {"tls_context": context, "require_starttls": True, "auth_required": True,
                    "authenticator": authenticate}
    controller = Controller(inbox, hostname="127.0.0.1", port=port or free_ports(1)[0], **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def make_certificate(path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 and localhost, for tests to trust."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of a test")]), dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256()))
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption())
                     + certificate.public_bytes(serialization.Encoding.PEM))
    return path
