"""Staff need a second factor: without it they may do nothing, and each of its codes signs in once."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests

from gateway.routes.methods import PUBLIC
from schemas import user as contract
from schemas.errors import Refusal
from services.foundation.database import Transactions, utc_now
from services.user.second_factor import factors, store
from services.user.second_factor.cipher import Cipher
from testbed.mesh import Mesh, wait_until
from tests.integration.user.conftest import PASSWORD, account, authorize, operations, user_id_of

SignIn = Callable[[str], str]
STEP = 30


@pytest.fixture(scope="module", autouse=True)
def staff_need_one(mesh: Mesh) -> Iterator[None]:
    """The mesh requires a second factor of staff, for this file."""
    config = Path(mesh.environment["MARQUEE_CONFIG"])
    before = config.read_text()
    config.write_text(before.replace("${MARQUEE_SECOND_FACTOR:off}", "staff"))
    mesh.operate("reload")
    yield
    config.write_text(before)
    mesh.operate("reload")


@pytest.fixture
def cook(mesh: Mesh, ada: str) -> str:
    """Ada, who is a cook."""
    mesh.rows("user", "UPDATE user SET roles = '[\"cook\"]' WHERE username = :n", n=ada)
    return ada


def login(mesh: Mesh, name: str, code: str | None = None, password: str = PASSWORD) -> requests.Response:
    return mesh.post("/user/login", username=name, password=password, **({"second_factor": code} if code else {}))


def code_of(response: requests.Response) -> tuple[int, str]:
    return response.status_code, "" if response.ok else response.json()["code"]


def set_up(mesh: Mesh, token: str, **fields: str) -> tuple[pyotp.TOTP, dict[str, Any]]:
    """The authenticator app, and what the confirmation answers."""
    begun = mesh.post("/user/begin_second_factor", token, password=PASSWORD, **fields)
    assert begun.status_code == 200, begun.text
    app = pyotp.parse_uri(begun.json()["uri"])
    assert isinstance(app, pyotp.TOTP)
    assert app.secret == begun.json()["secret"]
    assert begun.json()["svg"].startswith("<svg")
    confirmed = mesh.post("/user/confirm_second_factor", token, second_factor=app.now())
    assert confirmed.status_code == 200, confirmed.text
    return app, confirmed.json()


def forget_step(mesh: Mesh, name: str) -> None:
    """As if half a minute had passed since the last code."""
    mesh.rows("user", "UPDATE second_factor SET last_step = 0 WHERE user_id = :u", u=user_id_of(mesh, name))


def test_staff_without_a_second_factor_may_do_nothing_but_set_it_up(mesh: Mesh, cook: str, sign_in: SignIn) -> None:
    token = sign_in(cook)
    assert authorize(mesh, token).json()["roles"] == []
    assert authorize(mesh, token).json()["second_factor_required"] is True
    closed = [method for method in PUBLIC.values() if method.access != "public" and method not in contract.ENROLMENT]
    refused = {method.path: code_of(mesh.post(method.path, token)) for method in closed}
    assert refused == dict.fromkeys(refused, (403, "second_factor_required"))
    assert mesh.get("/user/get_profile", token).json()["roles"] == ["cook"]
    assert mesh.get("/user/get_second_factor", token).json() == {
        "since": None, "recovery_codes_left": 0, "required": True}

    assert code_of(mesh.post("/user/confirm_second_factor", token, second_factor="123456")) == (
        409, "second_factor_not_begun")
    assert code_of(mesh.post("/user/begin_second_factor", token, password="wrong horse")) == (403, "wrong_password")
    app, confirmed = set_up(mesh, token)

    assert mesh.get("/user/get_profile", token).status_code == 401
    assert authorize(mesh, confirmed["token"]).json()["roles"] == ["cook"]
    assert mesh.get("/kitchen/get_queue", confirmed["token"]).status_code == 200
    shown = mesh.get("/user/get_second_factor", confirmed["token"]).json()
    assert (bool(shown["since"]), shown["recovery_codes_left"]) == (True, 10)
    assert app.secret not in str(shown)


def test_each_code_signs_in_once(mesh: Mesh, cook: str, sign_in: SignIn) -> None:
    app, confirmed = set_up(mesh, sign_in(cook))
    first, second = confirmed["recovery_codes"][:2]
    assert code_of(login(mesh, cook)) == (401, "second_factor_missing")
    assert code_of(login(mesh, cook, app.now())) == (401, "second_factor_wrong"), "it has confirmed the set-up"
    forget_step(mesh, cook)
    code = app.now()
    assert code_of(login(mesh, cook, code, password="wrong horse")) == (401, "login_failed")
    assert code_of(login(mesh, cook, f"{code[:3]} {code[3:]}")) == (200, "")
    assert code_of(login(mesh, cook, code)) == (401, "second_factor_wrong")
    assert code_of(login(mesh, cook, first)) == (200, "")
    assert code_of(login(mesh, cook, first)) == (401, "second_factor_wrong")
    assert code_of(login(mesh, cook, second.replace("-", " ").lower())) == (200, "")
    assert mesh.get("/user/get_second_factor", confirmed["token"]).json()["recovery_codes_left"] == 8


@pytest.mark.parametrize("guarded", [True, False])
def test_of_many_sign_ins_with_one_code_one_succeeds(mesh: Mesh, ada: str, database: Transactions, guarded: bool,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guard, several do: the negative control."""
    cipher, user_id, app = Cipher(("k" * 32,)), user_id_of(mesh, ada), pyotp.TOTP(pyotp.random_base32())
    now = utc_now()
    database.run(lambda tx: factors.begin(tx, user_id, app.secret, cipher, now))
    database.run(lambda tx: store.confirm_new_secret(tx, user_id, 1, now))
    if not guarded:
        monkeypatch.setattr(store, "use_step", lambda tx, user_id, step: True)

    def sign_in(_: int) -> bool:
        try:
            database.run(lambda tx: factors.check(tx, user_id, app.at(now), cipher, now))
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(sign_in, range(16))) == (1 if guarded else 16)


def test_wrong_codes_are_throttled_and_only_who_knows_the_password_can_try(mesh: Mesh, cook: str,
                                                                           sign_in: SignIn) -> None:
    app, _ = set_up(mesh, sign_in(cook))
    forget_step(mesh, cook)
    for _ in range(6):
        assert login(mesh, cook, "000000", password="wrong horse").json()["code"] == "login_failed"
    most = mesh.settings["user"]["second_factor_failures"]
    wrong = [login(mesh, cook, "wrong code").json()["code"] for _ in range(most)]
    assert wrong == ["second_factor_wrong"] * most
    refused = login(mesh, cook, app.now())
    assert code_of(refused) == (429, "too_often")
    assert int(refused.headers["Retry-After"]) <= 15 * 60


def test_a_second_factor_is_replaced_with_a_code_and_kept_by_staff(mesh: Mesh, cook: str, sign_in: SignIn) -> None:
    old, confirmed = set_up(mesh, sign_in(cook))
    token, spare = confirmed["token"], confirmed["recovery_codes"]
    assert code_of(mesh.post("/user/begin_second_factor", token, password=PASSWORD)) == (401, "second_factor_missing")
    assert code_of(mesh.post("/user/remove_second_factor", token, password=PASSWORD, second_factor=spare[0])) == (
        409, "second_factor_stays")
    new, _ = set_up(mesh, token, second_factor=spare[0])
    forget_step(mesh, cook)
    assert [login(mesh, cook, code).status_code for code in (old.now(), spare[1], new.now())] == [401, 401, 200]


def test_a_member_may_have_one_and_remove_it(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    app, confirmed = set_up(mesh, sign_in(ada))
    token = confirmed["token"]
    assert code_of(login(mesh, ada)) == (401, "second_factor_missing")
    assert code_of(mesh.post("/user/remove_second_factor", token, password=PASSWORD, second_factor="123 456")) == (
        401, "second_factor_wrong")
    removed = mesh.post("/user/remove_second_factor", token, password=PASSWORD,
                        second_factor=confirmed["recovery_codes"][0])
    assert removed.json() == {}
    assert login(mesh, ada).status_code == 200
    told = "SELECT kind FROM message WHERE buyer_id = :u"
    wait_until(lambda: {row.kind for row in mesh.rows("notification", told, u=user_id_of(mesh, ada))} == {
        "second_factor_set", "second_factor_removed"}, what="the mails about both changes")
    set_up(mesh, token)
    assert mesh.post("/user/close_account", sign_in_again(mesh, ada), password=PASSWORD).json() == {}
    assert not mesh.rows("user", "SELECT 1 FROM second_factor JOIN user USING (user_id) WHERE username = :n", n=ada)


def sign_in_again(mesh: Mesh, name: str) -> str:
    """A token, as if the account had no second factor."""
    mesh.rows("user", "UPDATE second_factor SET since = NULL WHERE user_id = :u", u=user_id_of(mesh, name))
    return str(login(mesh, name).json()["token"])


def test_an_operator_resets_a_lost_one_and_the_log_says_so(mesh: Mesh, cook: str, sign_in: SignIn) -> None:
    _, confirmed = set_up(mesh, sign_in(cook))
    assert account(mesh, "reset-second-factor", cook).stdout == f"{cook} has no second factor any more.\n"
    assert authorize(mesh, confirmed["token"]).status_code == 401
    assert authorize(mesh, sign_in(cook)).json()["second_factor_required"] is True
    [entry] = operations(mesh, user_id_of(mesh, cook))
    assert (entry["method"], entry["before"], entry["after"]) == (
        "account.reset-second-factor", {"second_factor": "set up"}, {"second_factor": None})
    assert "has no second factor" in account(mesh, "reset-second-factor", cook).stderr


def test_neither_tables_nor_logs_have_a_secret_or_a_recovery_code(mesh: Mesh, cook: str, sign_in: SignIn) -> None:
    app, confirmed = set_up(mesh, sign_in(cook))
    [row] = mesh.rows("user", "SELECT * FROM second_factor WHERE user_id = :u", u=user_id_of(mesh, cook))
    kept = mesh.rows("user", "SELECT * FROM recovery_code WHERE user_id = :u", u=user_id_of(mesh, cook))
    logs = "".join(mesh.log(room) for room in ("user", "gateway", "insight"))
    for secret in (app.secret, *confirmed["recovery_codes"], confirmed["token"]):
        assert secret not in str((row, kept))
        assert secret not in logs
        assert re.sub("-", "", secret) not in str((row, kept)) + logs
