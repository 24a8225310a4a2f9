import pytest

from schemas.errors import FieldsInvalid
from schemas.user import REGISTER, token_id

GOOD = {"username": "Ada.Lovelace", "password": "correct horse"}


@pytest.mark.parametrize("username", ["ab", "a" * 33, "ada lovelace", "-ada", "ada\n", "ädä", "", 5, None])
def test_usernames_are_plain(username: object) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        REGISTER.load({**GOOD, "username": username})

    assert list(refused.value.about["fields"]) == ["username"]


@pytest.mark.parametrize("password", ["1234567", "a" * 129, "null\0byte", None])
def test_passwords_have_8_to_128_characters(password: object) -> None:
    with pytest.raises(FieldsInvalid):
        REGISTER.load({**GOOD, "password": password})


@pytest.mark.parametrize("extra", ["roles", "role", "user_id", "created_at", "password_hash"])
def test_a_registration_with_a_role_is_refused(extra: str) -> None:
    with pytest.raises(FieldsInvalid):
        REGISTER.load({**GOOD, extra: "admin"})


def test_a_token_is_known_by_its_digest() -> None:
    assert token_id("a token") != token_id("another token")
    assert len(token_id("a token")) == 64
