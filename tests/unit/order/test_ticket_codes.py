"""Ticket codes: forged ones are told from true ones, and the keys come from a file."""

import re
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.foundation.secret_file import make_file
from services.foundation.settings import SettingsError
from services.order.tickets.codes import CODE, FalseCode, TicketFacts, TicketKeys, UnknownKey, read
from services.order.tickets.keys import load, new_key

FACTS = TicketFacts("01a1fd94188c731599426506d887675e", "kanal-1-20261122-2000", "F7")
OLD, NEW, STRANGE = (Ed25519PrivateKey.generate() for _ in range(3))
OURS = TicketKeys([NEW])
CODE_OF_F7 = OURS.sign(FACTS)


def test_a_code_names_its_ticket_screening_and_seat() -> None:
    assert read(CODE_OF_F7, OURS.public) == FACTS
    assert CODE_OF_F7.startswith("M1.")
    assert OURS.sign(FACTS) == CODE_OF_F7


def test_the_longest_code_fits_into_its_column() -> None:
    code = OURS.sign(TicketFacts("t" * 32, "s" * 64, "AB123"))

    assert read(code, OURS.public).seat_id == "AB123"
    assert len(code) <= 255


def test_a_code_changed_to_another_seat_is_false() -> None:
    with pytest.raises(FalseCode):
        read(CODE_OF_F7.replace("~F7", "~F8"), OURS.public)


@given(at=st.integers(0, len(CODE_OF_F7) - 1), letter=st.sampled_from("AaBbYyZz019-_~.= \n\u0661"))
def test_a_code_with_any_letter_changed_is_false(at: int, letter: str) -> None:
    altered = CODE_OF_F7[:at] + letter + CODE_OF_F7[at + 1:]
    if altered != CODE_OF_F7:
        with pytest.raises(FalseCode):
            read(altered, OURS.public)


def test_another_spelling_of_the_last_letter_is_false() -> None:
    others = [CODE_OF_F7[:-1] + letter for letter in
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" if letter != CODE_OF_F7[-1]]
    for altered in others:
        with pytest.raises(FalseCode):
            read(altered, OURS.public)


def test_a_code_signed_by_another_key_is_false_whatever_key_it_names() -> None:
    theirs = TicketKeys([STRANGE])
    forged = theirs.sign(FACTS)
    with pytest.raises(UnknownKey):
        read(forged, OURS.public)
    [ours], [other] = OURS.public, theirs.public
    with pytest.raises(FalseCode):
        read(forged.replace(other, ours), OURS.public)


@pytest.mark.parametrize("nonsense", ["", "M1", "M1...", "M2" + CODE_OF_F7[2:], CODE_OF_F7 + "=", CODE_OF_F7 + "\n",
                                      CODE_OF_F7 * 2, "x" * 10_000])
def test_a_malformed_code_is_false(nonsense: str) -> None:
    with pytest.raises(FalseCode):
        read(nonsense, OURS.public)


def test_the_first_key_signs_and_the_older_one_still_verifies() -> None:
    before, after = TicketKeys([OLD]), TicketKeys([NEW, OLD])

    assert read(before.sign(FACTS), after.public) == FACTS
    assert list(after.public) == [*OURS.public, *before.public]
    parts = CODE.fullmatch(after.sign(FACTS))
    assert parts
    assert parts[2] == list(OURS.public)[0]


# --- the file ---


def settings(folder: Path, environment: str = "local", file: str | None = None) -> dict[str, object]:
    return {"environment": environment, "run_folder": str(folder / "run"), "order": {"ticket_key_file": file}}


def pem(*keys: object) -> bytes:
    return b"".join(key.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) for key in keys)


def test_a_local_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = (load(settings(tmp_path)) for _ in range(2))

    assert first.public == second.public
    [file] = (tmp_path / "run").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_of_two_processes_that_make_a_key_the_first_key_stays(tmp_path: Path) -> None:
    path = tmp_path / "ticket.key"
    make_file(path, new_key())
    made = path.read_bytes()

    make_file(path, new_key())

    assert path.read_bytes() == made
    assert list(tmp_path.iterdir()) == [path]


def test_outside_local_use_the_key_file_is_required(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MARQUEE_TICKET_KEY"):
        load(settings(tmp_path, "production"))
    file = tmp_path / "keys.pem"
    file.write_bytes(pem(NEW, OLD))
    assert list(load(settings(tmp_path, "production", str(file))).public) == list(
        TicketKeys([NEW, OLD]).public)


@pytest.mark.parametrize("content", [b"", b"nonsense", pem(generate_private_key(SECP256R1())),
                                     re.sub(b"\n[^-]", b"\n!", pem(NEW))])
def test_a_file_without_good_keys_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "keys.pem"
    file.write_bytes(content)

    with pytest.raises(SettingsError) as mistake:
        load(settings(tmp_path, file=str(file)))
    assert "BEGIN" not in str(mistake.value)
    with pytest.raises(SettingsError):
        load(settings(tmp_path, file=str(tmp_path / "none")))
