"""E-mail addresses: one spelling of each, and whether mail can be sent there at all."""

import re
import unicodedata
from dataclasses import dataclass

import idna

# RFC 5321 counts octets. Quoted names and addresses in numbers are allowed there and used by nobody.
LONGEST, LONGEST_NAME = 254, 64
NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*\Z")


class NotAnAddress(ValueError):
    """No mail can be sent to this address."""


@dataclass(frozen=True)
class Mailbox:
    """An e-mail address: `name` before the @ in NFC, `domain` after it in Unicode, as people read it."""

    name: str
    domain: str

    @property
    def shown(self) -> str:
        """The address as people read it, such as anna@bücher.example."""
        return f"{self.name}@{self.domain}"

    @property
    def written_domain(self) -> str:
        """The domain as mail servers know it (IDNA 2008), such as xn--bcher-kva.example."""
        return idna.encode(self.domain).decode("ascii")

    @property
    def written(self) -> str:
        """The address as a mail server takes it, such as anna@xn--bcher-kva.example."""
        return f"{self.name}@{self.written_domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only mail servers with the extension SMTPUTF8 (RFC 6531) can deliver there."""
        return not self.name.isascii()


def parse(address: str) -> Mailbox:
    """The mailbox of an address, its domain by UTS 46 and IDNA 2008. Raises NotAnAddress, also when it is too long."""
    name, _, domain = unicodedata.normalize("NFC", address).rpartition("@")
    try:
        mailbox = Mailbox(name, idna.decode(idna.encode(domain, uts46=True)))
    except idna.IDNAError:
        raise NotAnAddress from None
    too_long = len(name.encode()) > LONGEST_NAME or len(mailbox.written.encode()) > LONGEST
    if too_long or not NAME.match(name):
        raise NotAnAddress
    return mailbox
