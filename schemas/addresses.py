"""E-mail addresses: one spelling of each, and whether it can be written to at all."""

import re
import unicodedata
from dataclasses import dataclass

import idna

# RFC 5321 counts octets. Quoted names and addresses in numbers are allowed there and used by nobody.
LONGEST, LONGEST_NAME = 254, 64
NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*\Z")


class NotAnAddress(ValueError):
    """Nobody can be written to there."""


@dataclass(frozen=True)
class Mailbox:
    """`name` before the @, as its owner has it (NFC); `domain` after it, as readers know it."""

    name: str
    domain: str

    @property
    def shown(self) -> str:
        return f"{self.name}@{self.domain}"

    @property
    def written_domain(self) -> str:
        """As the net knows it (IDNA 2008), such as xn--bcher-kva.example."""
        return idna.encode(self.domain).decode("ascii")

    @property
    def written(self) -> str:
        return f"{self.name}@{self.written_domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a mail server with that extension (RFC 6531) can pass messages on."""
        return not self.name.isascii()


def parse(address: str) -> Mailbox:
    """Raises NotAnAddress."""
    name, _, domain = unicodedata.normalize("NFC", address).rpartition("@")
    try:
        mailbox = Mailbox(name, idna.decode(idna.encode(domain, uts46=True)))
    except idna.IDNAError:
        raise NotAnAddress from None
    too_long = len(name.encode()) > LONGEST_NAME or len(mailbox.written.encode()) > LONGEST
    if too_long or not NAME.match(name):
        raise NotAnAddress
    return mailbox
