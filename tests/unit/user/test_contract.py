import pytest

from schemas.base import Method
from schemas.errors import FieldsInvalid
from schemas.order import PAY
from schemas.user import REGISTER, START_GUEST, UPDATE_PROFILE, token_id

GOOD = {"username": "Ada.Lovelace", "password": "correct horse"}


@pytest.mark.parametrize("username", ["ab", "a" * 33, "ada lovelace", "-ada", "ada\n", "", 5, None])
def test_usernames_are_plain(username: object) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        REGISTER.load({**GOOD, "username": username})

    assert list(refused.value.about["fields"]) == ["username"]


@pytest.mark.parametrize(("typed", "kept"), [
    ("Ada.Lovelace", "Ada.Lovelace"), ("ＡＤＡ", "ADA"), ("Zoe\u0308", "Zoë"), ("王伟", "王伟"),
    ("田中さくら", "田中さくら"), ("김철수", "김철수"), ("Александр", "александр"), ("Σωκράτης", "σωκράτης"),
    ("محمد", "محمد"), ("आदित्य", "आदित्य"),
])
def test_a_username_is_kept_in_one_spelling_of_its_script(typed: str, kept: str) -> None:
    assert REGISTER.load({**GOOD, "username": typed})["username"] == kept


@pytest.mark.parametrize("username", [
    "p\u0430ul", "ada\u0e51", "\u0251da", "q\u0303q\u0303q", "\u05d0\u05b8\u05d3\u05d4", "ad\u200da", "ada\U0001f600",
    "\u16a0\u16a1\u16a2", "王", "ada\u0660", "\u0301ada",
], ids=["Cyrillic in Latin", "Thai digit in Latin", "phonetic", "stacked marks", "Hebrew points", "joiner", "emoji",
        "runes", "one sign", "Arabic digit in Latin", "mark first"])
def test_a_username_that_could_be_misread_is_refused(username: str) -> None:
    with pytest.raises(FieldsInvalid):
        REGISTER.load({**GOOD, "username": username})


@pytest.mark.parametrize("password", ["1234567", "a" * 129, "null\0byte", None])
def test_passwords_have_8_to_128_characters(password: object) -> None:
    with pytest.raises(FieldsInvalid):
        REGISTER.load({**GOOD, "password": password})


@pytest.mark.parametrize("extra", ["roles", "role", "user_id", "created_at", "password_hash"])
def test_a_registration_with_a_role_is_refused(extra: str) -> None:
    with pytest.raises(FieldsInvalid):
        REGISTER.load({**GOOD, extra: "admin"})


@pytest.mark.parametrize(("method", "fields"), [(REGISTER, GOOD), (START_GUEST, {}), (UPDATE_PROFILE, {}),
                                                (PAY, {"order_id": "o1", "method": "card"})],
                         ids=["register", "start_guest", "update_profile", "pay"])
@pytest.mark.parametrize("language", ["fr", "zh-Hans", "EN", "", 5])
def test_a_language_without_texts_is_refused_with_those_that_have_some(
    method: Method, fields: dict[str, str], language: object,
) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        method.load({**fields, "language": language})

    [sentence] = refused.value.about["fields"]["language"]
    assert language == 5 or sentence == "Not a language that we write in: en, zh."


def test_a_profile_may_go_back_to_the_language_of_the_house() -> None:
    assert UPDATE_PROFILE.load({"language": None}) == {"language": None}
    assert UPDATE_PROFILE.load({"language": "zh"}) == {"language": "zh"}


def test_a_token_is_known_by_its_digest() -> None:
    assert token_id("a token") != token_id("another token")
    assert len(token_id("a token")) == 64
