"""The codes of a second factor, and how its secrets are kept."""

import datetime as dt
from typing import Any

import nameko
import pyotp
import pytest

from schemas.user import SecondFactorOff
from services.foundation.settings import SettingsError
from services.user.second_factor import codes
from services.user.second_factor.cipher import Cipher, CipherProvider
from tests.unit.user.samples import SECTION

NOW = dt.datetime(2026, 11, 28, 20, 0, 10, tzinfo=dt.UTC)
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"    # of RFC 6238, appendix B


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert codes.matching_step(RFC_SECRET, code, dt.datetime.fromtimestamp(seconds, dt.UTC)) == seconds // 30


@pytest.mark.parametrize(("seconds", "counts"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_wrong(seconds: int, counts: bool) -> None:
    code = pyotp.TOTP(RFC_SECRET).at(NOW + dt.timedelta(seconds=seconds))
    step = codes.matching_step(RFC_SECRET, code, NOW)
    assert step == (pyotp.TOTP(RFC_SECRET).timecode(NOW) + seconds // 30 if counts else None)


@pytest.mark.parametrize("code", ["", "000000", "12345", "1234567", "ABCDEF", "１２３４５６", "K3XA-7QPL-2MNV-GH5T"])
def test_other_text_is_no_code(code: str) -> None:
    assert codes.matching_step(RFC_SECRET, code, NOW) is None


def test_recovery_codes_differ_and_are_known_however_they_are_typed() -> None:
    made = codes.new_recovery_codes()
    assert len(set(made)) == 10
    assert codes.digest("u1", made[0]) == codes.digest("u1", made[0].replace("-", " ").lower())
    assert len({codes.digest(user, code) for code in made for user in ("u1", "u2")}) == 20


def test_the_first_key_encrypts_and_each_decrypts() -> None:
    old, new = "o" * 32, "n" * 32
    before, between, after = Cipher((old,)), Cipher((new, old)), Cipher((new,))
    kept = before.encrypt(RFC_SECRET)
    assert RFC_SECRET not in kept
    assert len(kept) <= 255
    assert [each.decrypt(kept) for each in (before, between, after)] == [RFC_SECRET, RFC_SECRET, None]
    assert after.decrypt(between.encrypt(RFC_SECRET)) == RFC_SECRET


def test_without_a_key_nothing_is_set_up() -> None:
    with pytest.raises(SecondFactorOff):
        Cipher(()).encrypt(RFC_SECRET)
    assert Cipher(()).decrypt(Cipher(("k" * 32,)).encrypt(RFC_SECRET)) is None


def provided(environment: str, **section: Any) -> Cipher:
    provider = CipherProvider()
    with nameko.config.patch({"environment": environment, "user": {**SECTION, **section}}):
        provider.setup()
    return provider.get_dependency(None)


def test_a_required_second_factor_needs_a_key_outside_local_use() -> None:
    assert provided("local", second_factor="staff").encrypt(RFC_SECRET)
    with pytest.raises(SettingsError, match=r"^MARQUEE_SECOND_FACTOR is `staff`\. Set MARQUEE_SECOND_FACTOR_KEY"):
        provided("production", second_factor="staff")
    with pytest.raises(SecondFactorOff):
        provided("production").encrypt(RFC_SECRET)
    assert provided("production", second_factor="staff", second_factor_key="k" * 32).encrypt(RFC_SECRET)
