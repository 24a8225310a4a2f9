"""A display name is a name, not a message to its readers."""

import pytest

from schemas.errors import FieldsInvalid
from schemas.names import is_plain
from schemas.user import REGISTER, UPDATE_PROFILE

LINKS = ["You won! https://evil.example", "evil.example", "www.evil", "go to evil.example/x now", "//evil", "e@evil",
         "EVIL．EXAMPLE", "evil.\u200dexample", "bit.ly/3x", "10.0.0.1"]
UNSEEN = ["Ada\nBcc: x", "Ada\tL", "Ada\u202eevil", "Ada\u2028x", "A\u200bda", "Ada\x7f", "\ue000", "A\u2066da"]


@pytest.mark.parametrize("name", ["Ada", "J. R. R. Tolkien", "J.R.R. Tolkien", "Martin L. King Jr.", "艾达", "O'Neil-Ō",
                                  "Zoë & Max", "St. John", "👩‍👩‍👧", "می‌خواهم", "Ada (née Byron)",
                                  "Ada <b>L</b>", "A/B", "5.1"])
def test_names_of_many_scripts_are_plain(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize("name", [*LINKS, *UNSEEN], ids=ascii)
def test_links_and_invisible_characters_are_not_plain_names(name: str) -> None:
    assert not is_plain(name)
    for method, rest in ((REGISTER, {"username": "ada", "password": "correct horse"}), (UPDATE_PROFILE, {})):
        with pytest.raises(FieldsInvalid) as refused:
            method.load({**rest, "display_name": name})
        assert list(refused.value.about["fields"]) == ["display_name"]
