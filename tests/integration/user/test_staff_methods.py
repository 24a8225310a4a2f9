"""Staff look accounts up; admins give and take roles and save accounts, and the operation log hears of each change."""

from collections.abc import Callable
from typing import Any

import pytest

from testbed.mesh import Mesh, wait_until
from tests.integration.user.conftest import PASSWORD, authorize, operations, user_id_of

SignIn = Callable[[str], str]


@pytest.fixture
def admin(mesh: Mesh) -> str:
    return mesh.buyers(1, '["admin"]')[0]


@pytest.fixture
def member(mesh: Mesh, ada: str) -> str:
    """Ada's user_id."""
    return user_id_of(mesh, ada)


def test_a_role_is_granted_and_withdrawn_at_once_and_logged(mesh: Mesh, admin: str, ada: str, member: str,
                                                            sign_in: SignIn) -> None:
    token = sign_in(ada)
    assert mesh.get("/user/get_profile", token).status_code == 200

    granted = mesh.post("/user/grant", admin, user_id=member, role="cook", cinema_id="kanal", reason="new at the bar")
    again = mesh.post("/user/grant", admin, user_id=member, role="cook", cinema_id="kanal")
    assert granted.json()["roles"] == again.json()["roles"] == ["cook@kanal"]
    assert mesh.get("/user/get_profile", token).status_code == 401
    cook = sign_in(ada)
    assert authorize(mesh, cook).json()["roles"] == ["cook@kanal"]
    assert mesh.get("/kitchen/get_queue", cook, cinema_id="kanal").status_code == 200

    withdrawn = mesh.post("/user/withdraw", admin, user_id=member, role="cook", cinema_id="kanal")
    assert withdrawn.json()["roles"] == []
    assert mesh.get("/kitchen/get_queue", cook, cinema_id="kanal").status_code == 401
    assert mesh.get("/kitchen/get_queue", sign_in(ada), cinema_id="kanal").status_code == 403

    logged = [(each["method"], each["before"], each["after"], each["reason"], each["cinema_id"])
              for each in operations(mesh, member)]
    assert logged == [("user.grant", {"roles": []}, {"roles": ["cook@kanal"]}, "new at the bar", "kanal"),
                      ("user.withdraw", {"roles": ["cook@kanal"]}, {"roles": []}, None, "kanal")]


def test_an_admin_of_one_cinema_gives_roles_there_only(mesh: Mesh, member: str) -> None:
    local = mesh.buyers(1, '["admin@kanal"]')[0]

    there = mesh.post("/user/grant", local, user_id=member, role="usher", cinema_id="kanal")
    elsewhere = mesh.post("/user/grant", local, user_id=member, role="usher", cinema_id="palast")
    house = [mesh.post("/user/grant", local, user_id=member, role="admin"),
             mesh.post("/user/withdraw", local, user_id=member, role="admin"),
             mesh.post("/user/save", local, user_id=member, roles=["admin"]),
             mesh.post("/user/remove", local, user_id=member)]

    assert there.json()["roles"] == ["usher@kanal"]
    assert [reply.status_code for reply in (elsewhere, *house)] == [403] * 5
    assert len(operations(mesh, member)) == 1


@pytest.mark.parametrize(("fields", "status", "code"), [
    ({"user_id": "nobody", "role": "cook"}, 404, "unknown_user"), ({"user_id": "nobody", "role": "staff"}, 422, None),
    ({"user_id": "nobody", "role": "owner"}, 422, None), ({"role": "cook"}, 422, None),
    ({"user_id": "nobody", "role": "cook", "cinema_id": "a b"}, 422, None),
])
def test_a_wrong_grant_is_refused(mesh: Mesh, admin: str, fields: dict[str, str], status: int,
                                  code: str | None) -> None:
    refused = mesh.post("/user/grant", admin, **fields)
    assert (refused.status_code, refused.json()["code"]) == (status, code or "fields_invalid")


def test_accounts_are_found_by_ids_in_the_order_asked_for(mesh: Mesh, member: str) -> None:
    cook = mesh.buyers(1, '["cook"]')[0]
    other = str(mesh.get("/user/get_profile", cook).json()["user_id"])

    found = mesh.get("/user/get_users", cook, user_ids=[other, "nobody", member, other]).json()["users"]

    assert [each["user_id"] for each in found] == [other, member]
    assert mesh.post("/user/get_users", cook, user_ids=["u"] * 101).status_code == 422


def test_accounts_are_found_by_username_and_by_any_part_of_their_texts(mesh: Mesh, ada: str, member: str,
                                                                      sign_in: SignIn) -> None:
    usher, part = mesh.buyers(1, '["usher"]')[0], ada[-9:]

    def found(query: str) -> list[str]:
        return [each["user_id"] for each in mesh.get("/user/search", usher, query=query).json()["users"]]

    assert mesh.get("/user/get_by_name", usher, username=ada.upper()).json()["user_id"] == member
    assert mesh.get("/user/get_by_name", usher, username=ada[:-1]).status_code == 404
    assert found(part.upper()) == [member]
    mesh.post("/user/update_profile", sign_in(ada), display_name=f"Łucja 李雷 {part[::-1]}",
              email=f"x{part}@bücher.example")
    for query in (f"ŁUCJA 李雷 {part[::-1]}", f"雷 {part[::-1]}", f"x{part}@BÜCHER"):
        assert found(query) == [member], query
    assert member in found("李雷")
    assert member in found("雷")
    assert found(f"{part}雷") == []
    assert [found(wild) for wild in ("%", "_%_", "' OR 1=1 --", " ")] == [[]] * 4


def test_a_long_list_is_searched_page_by_page(mesh: Mesh, name: str) -> None:
    admin, part = mesh.buyers(1, '["admin"]')[0], name[-8:]
    made = [mesh.post("/user/save", admin, username=f"{part}.{number}", password=PASSWORD).json()["user_id"]
            for number in range(3)]

    first = mesh.get("/user/search", admin, query=part, limit=2).json()
    second = mesh.get("/user/search", admin, query=part, limit=2, cursor=first["next_cursor"]).json()

    assert [each["user_id"] for page in (first, second) for each in page["users"]] == made[::-1]
    assert second["next_cursor"] is None


def test_accounts_of_an_older_version_are_indexed_by_the_timer(mesh: Mesh, room: Any) -> None:
    admin = mesh.buyers(1, '["admin"]')[0]  # written past the room, as a migration leaves them
    own = mesh.get("/user/get_profile", admin).json()

    room.index_accounts()

    # The room of the mesh may be at it already, and commits in a moment.
    [found] = wait_until(lambda: mesh.get("/user/search", admin, query=own["username"]).json()["users"])
    assert found["user_id"] == own["user_id"]


def test_an_admin_opens_an_account_with_roles_once(mesh: Mesh, admin: str, name: str, sign_in: SignIn) -> None:
    wanted = {"username": name, "password": PASSWORD, "roles": ["usher@kanal", "cook"], "display_name": "Ada"}

    opened, again = (mesh.post("/user/save", admin, "open-" + name, **wanted) for _ in range(2))
    wrong = mesh.post("/user/save", admin, "open-" + name, **{**wanted, "password": "another horse"})
    taken = mesh.post("/user/save", admin, **wanted)

    assert opened.status_code == 200, opened.text
    assert opened.json() == again.json()
    assert (wrong.status_code, wrong.json()["code"], taken.json()["code"]) == (422, "key_reused", "username_taken")
    assert authorize(mesh, sign_in(name)).json()["roles"] == ["cook", "usher@kanal"]
    [entry] = operations(mesh, opened.json()["user_id"])
    assert (entry["before"], entry["after"]) == (None, {"roles": ["cook", "usher@kanal"]})
    assert mesh.post("/user/save", admin, username=name + "x").status_code == 422


def test_an_admin_changes_only_the_fields_given(mesh: Mesh, admin: str, ada: str, member: str, sign_in: SignIn) -> None:
    token = sign_in(ada)

    named = mesh.post("/user/save", admin, user_id=member, display_name="Countess", email="ada@example.org").json()
    assert (named["display_name"], named["email"], named["roles"]) == ("Countess", "ada@example.org", [])
    assert mesh.get("/user/get_profile", token).json()["email_confirmed_at"] is None
    promoted = mesh.post("/user/save", admin, user_id=member, roles=["manager"]).json()

    assert (promoted["display_name"], promoted["roles"]) == ("Countess", ["manager"])
    assert mesh.get("/user/get_profile", token).status_code == 401
    assert [entry["after"] for entry in operations(mesh, member)] == [
        {"display_name": "given", "email": "given"}, {"roles": ["manager"]}]
    assert mesh.post("/user/save", admin, user_id=member, username="other", password=PASSWORD).status_code == 422
