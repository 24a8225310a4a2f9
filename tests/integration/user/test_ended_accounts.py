"""Removed and closed accounts: nobody signs in with them, nobody gets their names, and the house keeps an admin."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import click
import pytest
from sqlalchemy import Engine, delete, insert, select, text

from schemas.errors import Refusal
from schemas.user import LoginFailed
from schemas.user.administration import CLOSE_ACCOUNT, LastAdmin
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.calls import Principal
from services.user import account_command, store
from services.user.administration import removal
from services.user.administration.changes import Change
from services.user.models import Base, User
from services.user.records import NewAccount
from services.user.self_service import sign_in_methods
from testbed.mesh import Mesh, wait_until
from tests.integration.user.conftest import PASSWORD, make_room, operations, user_id_of

SignIn = Callable[[str], str]


def test_a_removed_account_is_out_at_once_and_its_name_is_nobodys(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    admin, member, token = mesh.buyers(1, '["admin"]')[0], user_id_of(mesh, ada), sign_in(ada)
    assert mesh.get("/user/get_profile", token).status_code == 200

    removed = [mesh.post("/user/remove", admin, user_id=member, reason="asked by the guest") for _ in range(2)]

    assert [reply.status_code for reply in removed] == [200, 200]
    assert mesh.get("/user/get_profile", token).status_code == 401
    assert mesh.post("/user/login", username=ada, password=PASSWORD).json()["code"] == "login_failed"
    assert mesh.post("/user/register", username=ada.upper(), password=PASSWORD).json()["code"] == "username_taken"
    assert mesh.get("/user/get_by_name", admin, username=ada).status_code == 404
    assert mesh.get("/user/search", admin, query=ada).json()["users"] == []
    [kept] = mesh.get("/user/get_users", admin, user_ids=[member]).json()["users"]
    assert (kept["username"], bool(kept["removed_at"])) == (ada, True)
    assert [(entry["after"], entry["reason"]) for entry in operations(mesh, member)] == [
        ({"roles": [], "removed": True}, "asked by the guest")]
    assert mesh.post("/user/grant", admin, user_id=member, role="cook").status_code == 404
    assert mesh.post("/user/remove", admin, user_id="nobody").status_code == 404


def test_a_closed_account_says_nothing_of_its_holder(mesh: Mesh, name: str, sign_in: SignIn) -> None:
    lady = f"Lady {name[-6:]}"
    about = {"username": name, "password": PASSWORD, "display_name": lady, "email": f"{name}@example.org",
             "language": "zh"}
    member = mesh.post("/user/register", key=name, **about).json()["user_id"]
    token = sign_in(name)
    mesh.post("/user/update_profile", token, "rename", display_name=lady, time_zone="Europe/Paris")
    assert mesh.post("/user/save_address", token, name=lady, street="Quay 7", city="Paris", country="FR").ok

    assert mesh.post("/user/close_account", token, password="wrong horse").json()["code"] == "login_failed"
    assert mesh.get("/user/get_profile", token).status_code == 200
    closed = mesh.post("/user/close_account", token, password=PASSWORD)

    assert closed.status_code == 200, closed.text
    assert mesh.get("/user/get_profile", token).status_code == 401
    assert mesh.post("/user/login", username=name, password=PASSWORD).json()["code"] == "login_failed"
    for key in (None, name):
        assert mesh.post("/user/register", key=key, **about).json()["code"] == "username_taken"
    tables = str([mesh.rows("user", f"SELECT * FROM `{table}`") for table in Base.metadata.tables])
    assert [word for word in (name, name.lower(), lady) if word in tables] == []
    [kept] = mesh.rows("user", "SELECT * FROM user WHERE user_id = :m", m=member)
    assert kept.username == f"closed-{member[-24:]}"
    assert [kept.display_name, kept.email, kept.time_zone, kept.language, kept.password_hash] == [*[None] * 4, ""]


def test_the_log_of_a_closed_account_of_staff_has_their_roles_and_no_name(mesh: Mesh, name: str,
                                                                          sign_in: SignIn) -> None:
    opened = mesh.post("/user/save", mesh.buyers(1, '["admin"]')[0], username=name, password=PASSWORD, roles=["cook"])

    assert mesh.post("/user/close_account", sign_in(name), password=PASSWORD).ok

    entries = operations(mesh, opened.json()["user_id"])
    assert [(entry["method"], entry["before"], entry["after"]) for entry in entries] == [
        ("user.save", None, {"roles": ["cook"]}),
        ("user.close_account", {"roles": ["cook"], "removed": False}, {"roles": [], "removed": True})]
    assert name not in str(entries)


def test_no_username_keeps_an_account_from_being_closed(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    token, squatted = sign_in(ada), f"closed-{user_id_of(mesh, ada)[-24:]}"
    assert mesh.post("/user/register", username=squatted, password=PASSWORD).ok

    closed = mesh.post("/user/close_account", token, password=PASSWORD)

    assert closed.status_code == 200, closed.text
    assert mesh.post("/user/login", username=squatted, password=PASSWORD).ok


def test_a_sign_in_fails_if_the_account_is_removed_meanwhile(room: Any, mesh: Mesh, ada: str,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    def remove_meanwhile(password_hash: str, spelling: str) -> bool:
        mesh.rows("user", "UPDATE user SET removed_at = UTC_TIMESTAMP(3) WHERE username = :ada", ada=ada)
        return False

    monkeypatch.setattr(sign_in_methods, "needs_rehash", remove_meanwhile)

    with pytest.raises(LoginFailed):
        room.login(username=ada, password=PASSWORD)
    assert mesh.rows("user", "SELECT * FROM token WHERE user_id = :u", u=user_id_of(mesh, ada)) == []


@pytest.fixture
def two_admins(engine: Engine) -> Transactions:
    """A user room's tables with two accounts in them, `a` and `b`: the admins ada-a and ada-b."""
    with engine.begin() as tx:
        for table in reversed(Base.metadata.sorted_tables):
            tx.execute(delete(table))
        tx.execute(insert(User), [
            {"user_id": name, "username": f"ada-{name}", "username_key": f"ada-{name}", "password_hash": "!",
             "roles": ["admin"], "created_at": utc_now()} for name in ("a", "b")])
    return Transactions(engine)


def admin_ids(tx: Any) -> list[str]:
    return list(tx.execute(select(User.user_id).where(User.is_admin)).scalars())


def admins_of(database: Transactions) -> list[str]:
    return database.read(admin_ids)


def end(database: Transactions, way: str, actor: str, other: str) -> None:
    """End the role of the admin `other`, as the admin `actor` or the operator does it."""
    room = make_room(database, principal=Principal(user_id=actor, username=f"ada-{actor}", roles=("admin",)))
    fields: dict[str, dict[str, Any]] = {"withdraw": {"role": "admin"}, "save": {"roles": ["cook"]}, "remove": {}}
    if way == "close_account":  # past its password
        database.run(lambda tx: removal.close(tx, Change(Principal(user_id=other), CLOSE_ACCOUNT), other, "!",
                                              utc_now()))
    elif way == "account revoke":
        account_command.revoke.main(["--role", "admin", f"ada-{other}"], standalone_mode=False)
    else:
        getattr(room, way)(user_id=other, **fields[way])


def refusal_of(work: Callable[[], None]) -> str | None:
    """The code of what the work was refused by, also where the operator reads its meaning."""
    try:
        work()
    except Refusal as refusal:
        return refusal.code
    except click.ClickException as problem:
        return LastAdmin.code if problem.message == LastAdmin.meaning() else problem.message
    return None


@pytest.mark.parametrize("way", ["withdraw", "save", "remove", "close_account", "account revoke"])
def test_the_last_admin_stays(two_admins: Transactions, way: str) -> None:
    refused = [refusal_of(partial(end, two_admins, way, "a", other)) for other in ("b", "a")]

    assert refused == [None, "last_admin"]
    assert admins_of(two_admins) == ["a"]


def register_while_closing(database: Transactions, before_commit: Callable[[], None]) -> list[str | None]:
    """What the one who registers as ada-b is refused by, while `b` closes that account and has not committed yet."""
    outcomes: list[str | None] = []
    namesake = NewAccount("c", "ada-b", "!", None, None, [], utc_now())

    def register() -> None:
        try:
            database.run(lambda tx: store.add_account(tx, namesake))
            outcomes.append(None)
        except Refusal as refusal:
            outcomes.append(refusal.code)

    def waits(tx: Any) -> bool:
        return bool(tx.execute(text("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'INSERT INTO user %' "
                                    "AND id != CONNECTION_ID()")).all())

    thread = threading.Thread(target=register)
    with database.engine.begin() as tx:
        removal.close(tx, Change(Principal(user_id="b"), CLOSE_ACCOUNT), "b", "!", utc_now())
        before_commit()
        thread.start()
        wait_until(lambda: database.read(waits), what="the INSERT that waits")
    thread.join(60)
    return outcomes


def test_a_name_is_nobodys_even_at_the_moment_its_account_is_closed(two_admins: Transactions) -> None:
    assert register_while_closing(two_admins, lambda: None) == ["username_taken"]


def test_without_a_look_after_the_insert_a_closing_accounts_name_is_given_away(
    two_admins: Transactions, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: the look at the former names finds nothing."""
    found = register_while_closing(two_admins, lambda: monkeypatch.setattr(store, "name_digest", lambda key: "none"))

    assert found == [None]


class Meeting:
    """A point at which two threads wait for each other, once."""

    def __init__(self) -> None:
        self._barrier, self._been = threading.Barrier(2), set[int]()

    def meet(self) -> None:
        if threading.get_ident() not in self._been:  # a transaction may be tried again
            self._been.add(threading.get_ident())
            self._barrier.wait(30)


def end_each_other(database: Transactions, way: str) -> list[str | None]:
    """Both admins end the other's role at the same time; what each was refused by."""
    both = [partial(end, database, way, *pair) for pair in (("a", "b"), ("b", "a"))]
    with ThreadPoolExecutor(2) as threads:
        return sorted(threads.map(refusal_of, both), key=str)


WAYS = pytest.mark.parametrize("way", ["remove", "withdraw", "account revoke"])


@WAYS
def test_of_two_admins_who_end_each_others_role_one_stays(two_admins: Transactions, monkeypatch: pytest.MonkeyPatch,
                                                          way: str) -> None:
    meeting, lock_admins = Meeting(), store.lock_admins

    def meet_and_lock(tx: Any) -> list[str]:
        meeting.meet()
        return lock_admins(tx)

    monkeypatch.setattr(store, "lock_admins", meet_and_lock)

    assert end_each_other(two_admins, way) == [None, "last_admin"]
    assert len(admins_of(two_admins)) == 1


@WAYS
def test_without_the_lock_two_admins_end_each_others_role(two_admins: Transactions, monkeypatch: pytest.MonkeyPatch,
                                                          way: str) -> None:
    """The negative control: the admins are only read, and both have read before either ends the other's role."""
    meeting, found = Meeting(), dict[int, list[str]]()

    def read_and_meet(tx: Any) -> list[str]:
        found.setdefault(threading.get_ident(), admin_ids(tx))  # after a deadlock, too, what was read at first
        meeting.meet()
        return found[threading.get_ident()]

    monkeypatch.setattr(store, "lock_admins", read_and_meet)

    assert end_each_other(two_admins, way) == [None, None]
    assert admins_of(two_admins) == []
