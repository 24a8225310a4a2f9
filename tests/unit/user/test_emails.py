import pytest

from schemas.errors import FieldsInvalid
from services.user import emails
from services.user.emails import mailbox_key


def test_an_address_is_kept_in_one_spelling() -> None:
    assert emails.normalize({"email": "Ada@Xn--Bcher-Kva.Example"}, False) == {"email": "Ada@bücher.example"}


@pytest.mark.parametrize("request_", [{}, {"email": None}])
def test_an_address_is_optional(request_: dict[str, object]) -> None:
    assert emails.normalize(request_, False) == request_


@pytest.mark.parametrize(("email", "why"), [("ü@example.org", "before the @"), ("ada@ma_il.example", "Not a valid")])
def test_an_unreachable_address_is_refused_when_it_is_given(email: str, why: str) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        emails.normalize({"email": email}, False)
    assert why in refused.value.about["fields"]["email"][0]


def test_a_name_beyond_ascii_is_taken_where_the_mail_server_takes_it() -> None:
    assert emails.normalize({"email": "ü@example.org"}, True) == {"email": "ü@example.org"}


def test_a_tag_makes_no_other_mailbox_to_count() -> None:
    assert {mailbox_key(f"ada{tag}@mail.example") for tag in ("", "+1", "+cinema+2")} == {"ada@mail.example"}
    assert [mailbox_key(name) for name in ("ada", "account 01a2", "+ada@mail.example")] == [
        "ada", "account 01a2", "+ada@mail.example"]
