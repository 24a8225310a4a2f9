"""A page keeps its token in a cookie that no script can read and that no page of another site can use."""

import secrets

import pytest
import requests

from testbed.mesh import Mesh

ASKS_FOR_COOKIE = {"X-Session": "cookie"}
PASSWORD = "correct horse"


@pytest.fixture
def browser(mesh: Mesh) -> requests.Session:
    """A browser whose user has signed in on a page of Marquee."""
    name = "ada" + secrets.token_hex(6)
    mesh.post("/user/register", username=name, password=PASSWORD)
    session = requests.Session()
    reply = sign_in(mesh, session, name)
    assert reply.status_code == 200
    assert "token" not in reply.json()
    return session


def sign_in(mesh: Mesh, session: requests.Session, name: str) -> requests.Response:
    fields = {"username": name, "password": PASSWORD}
    return session.post(mesh.url + "/user/login", json=fields, headers=ASKS_FOR_COOKIE, timeout=30)


def profile(mesh: Mesh, session: requests.Session, **headers: str) -> int:
    return session.get(mesh.url + "/user/get_profile", headers=headers, timeout=30).status_code


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(mesh: Mesh) -> None:
    name = "ada" + secrets.token_hex(6)
    mesh.post("/user/register", username=name, password=PASSWORD)
    reply = sign_in(mesh, requests.Session(), name)

    cookie = reply.headers["Set-Cookie"]

    assert "; HttpOnly" in cookie
    assert "; SameSite=Strict" in cookie
    assert "; Path=/" in cookie


def test_the_cookie_counts_only_in_calls_that_ask_for_it(mesh: Mesh, browser: requests.Session) -> None:
    assert profile(mesh, browser, **ASKS_FOR_COOKIE) == 200
    assert profile(mesh, browser) == 401, "another site's form or image could send this"
    assert profile(mesh, requests.Session(), **ASKS_FOR_COOKIE) == 401


def test_signing_out_ends_the_token_and_deletes_the_cookie(mesh: Mesh, browser: requests.Session) -> None:
    kept = dict(browser.cookies)

    reply = browser.post(mesh.url + "/user/logout", headers=ASKS_FOR_COOKIE, timeout=30)

    assert "Max-Age=0" in reply.headers["Set-Cookie"]
    again = requests.get(mesh.url + "/user/get_profile", headers=ASKS_FOR_COOKIE, cookies=kept, timeout=30)
    assert again.status_code == 401


@pytest.mark.full_size("integration/gateway/test_cookies.py")
def test_signing_out_without_the_user_room_deletes_the_cookie_and_can_be_tried_again(
        mesh: Mesh, browser: requests.Session) -> None:
    token = browser.cookies["marquee"]
    with mesh.without("user"):
        reply = browser.post(mesh.url + "/user/logout", headers=ASKS_FOR_COOKIE, timeout=30)
        assert reply.status_code == 503
        assert "marquee" not in browser.cookies
    assert profile(mesh, browser, **ASKS_FOR_COOKIE) == 401
    assert mesh.get("/user/get_profile", token).status_code == 200, "it could not be ended"

    assert browser.post(mesh.url + "/user/logout", headers=ASKS_FOR_COOKIE, timeout=30).status_code == 200
    assert mesh.get("/user/get_profile", token).status_code == 401
    assert set(browser.cookies.keys()) == {"marquee-device"}, "which is for the next time that somebody signs in"


def test_a_page_that_shows_another_user_changes_nothing(
        mesh: Mesh, browser: requests.Session) -> None:
    """Another user has signed in in another tab, and this page does not know."""
    me = browser.get(mesh.url + "/user/get_profile", headers=ASKS_FOR_COOKIE, timeout=30).json()

    def save(expected: str) -> requests.Response:
        return browser.post(mesh.url + "/user/update_profile", json={"email": "eve@example.org"},
                            headers={**ASKS_FOR_COOKIE, "X-Session-User": expected}, timeout=30)

    def saved() -> str | None:
        [row] = mesh.rows("user", "SELECT email FROM user WHERE user_id = :u", u=me["user_id"])
        return row.email

    refused = save("eve")
    assert (refused.status_code, refused.json()["code"], saved()) == (409, "other_user", None)
    assert (save(me["username"]).status_code, saved()) == (200, "eve@example.org")
    left = browser.post(mesh.url + "/user/logout", headers={**ASKS_FOR_COOKIE, "X-Session-User": "eve"}, timeout=30)
    assert left.status_code == 200, "signing out ends whatever session this browser has"


def test_a_call_without_the_header_gets_no_cookie(mesh: Mesh) -> None:
    name = "ada" + secrets.token_hex(6)
    mesh.post("/user/register", username=name, password=PASSWORD)

    reply = mesh.post("/user/login", username=name, password=PASSWORD)

    assert reply.json()["token"]
    assert "Set-Cookie" not in reply.headers
