"""An e-mail address is kept in one spelling, and only if mail can be sent there."""

import pytest

from schemas.addresses import NotAnAddress, parse


@pytest.mark.parametrize(("given", "kept", "written"), [
    ("Ada.L+cinema@Mail.Example", "Ada.L+cinema@mail.example", "Ada.L+cinema@mail.example"),
    ("ada@Bücher.example", "ada@bücher.example", "ada@xn--bcher-kva.example"),
    ("ada@xn--bcher-kva.example", "ada@bücher.example", "ada@xn--bcher-kva.example"),
    ("ada@faß.example", "ada@faß.example", "ada@xn--fa-hia.example"),  # IDNA 2003 had written to fass.example
    ("ada@例え。jp", "ada@例え.jp", "ada@xn--r8jz45g.jp"),
    ("o\u0308@mail.example", "\u00f6@mail.example", "\u00f6@mail.example"),
])
def test_an_address_has_one_spelling_for_people_and_one_for_mail_servers(given: str, kept: str, written: str) -> None:
    mailbox = parse(given)
    assert (mailbox.shown, mailbox.written) == (kept, written)
    assert parse(kept) == mailbox


@pytest.mark.parametrize(("given", "needed"), [("ada@bücher.example", False), ("ü@mail.example", True)])
def test_only_a_name_beyond_ascii_needs_smtputf8(given: str, needed: bool) -> None:
    assert parse(given).needs_smtputf8 is needed


@pytest.mark.parametrize("given", [
    "", "ada", "ada@", "@mail.example", "ada@mail..example", "ada@-mail.example", "ada@ma_il.example",
    "a b@mail.example", "ada@[127.0.0.1]", '"a b"@mail.example', "ada@mail.example\r\nBcc: x@mail.example",
    "a,b@mail.example", ".ada@mail.example", "a..b@mail.example",
    "ada@xn--a.example", "ada@\u2603.example", "a\u200bb@mail.example",
    "a\u202eb@mail.example", f"{'a' * 65}@mail.example", f"{'ü' * 40}@mail.example",
    f"ada@{'.'.join(['a' * 60] * 5)}.example"])
def test_an_address_that_takes_no_mail_is_refused(given: str) -> None:
    with pytest.raises(NotAnAddress):
        parse(given)
