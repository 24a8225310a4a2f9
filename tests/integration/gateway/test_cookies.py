"""A page of ours keeps its token in a cookie that no script can read; nobody else's page can make it count."""

import secrets

import pytest
import requests

from testbed.mesh import Mesh

OURS = {"X-Session": "cookie"}
PASSWORD = "correct horse"


@pytest.fixture
def browser(mesh: Mesh) -> requests.Session:
    """Someone signed in by a page of ours."""
    name = "ada" + secrets.token_hex(6)
    mesh.post("/user/register", username=name, password=PASSWORD)
    session = requests.Session()
    reply = sign_in(mesh, session, name)
    assert reply.status_code == 200
    assert "token" not in reply.json()
    return session


def sign_in(mesh: Mesh, session: requests.Session, name: str) -> requests.Response:
    fields = {"username": name, "password": PASSWORD}
    return session.post(mesh.url + "/user/login", json=fields, headers=OURS, timeout=30)


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


def test_the_cookie_counts_in_calls_that_say_so_and_in_no_others(mesh: Mesh, browser: requests.Session) -> None:
    assert profile(mesh, browser, **OURS) == 200
    assert profile(mesh, browser) == 401, "what another site's form or image could send"
    assert profile(mesh, requests.Session(), **OURS) == 401


def test_signing_out_ends_the_token_and_takes_the_cookie_away(mesh: Mesh, browser: requests.Session) -> None:
    kept = dict(browser.cookies)

    reply = browser.post(mesh.url + "/user/logout", headers=OURS, timeout=30)

    assert "Max-Age=0" in reply.headers["Set-Cookie"]
    again = requests.get(mesh.url + "/user/get_profile", headers=OURS, cookies=kept, timeout=30)
    assert again.status_code == 401


def test_signing_out_while_the_user_room_is_away_takes_the_cookie_away_and_can_be_tried_again(
        mesh: Mesh, browser: requests.Session) -> None:
    token = browser.cookies["marquee"]
    with mesh.without("user"):
        reply = browser.post(mesh.url + "/user/logout", headers=OURS, timeout=30)
        assert reply.status_code == 503
        assert "marquee" not in browser.cookies
    assert profile(mesh, browser, **OURS) == 401
    assert mesh.get("/user/get_profile", token).status_code == 200, "it could not be ended"

    assert browser.post(mesh.url + "/user/logout", headers=OURS, timeout=30).status_code == 200
    assert mesh.get("/user/get_profile", token).status_code == 401
    assert not browser.cookies


def test_a_page_that_takes_its_reader_for_somebody_else_changes_nothing(
        mesh: Mesh, browser: requests.Session) -> None:
    """Another tab has signed somebody else in, and this one has not heard of it."""
    me = browser.get(mesh.url + "/user/get_profile", headers=OURS, timeout=30).json()

    def save(believed: str) -> requests.Response:
        return browser.post(mesh.url + "/user/update_profile", json={"email": "eve@example.org"},
                            headers={**OURS, "X-Session-User": believed}, timeout=30)

    def saved() -> str | None:
        [row] = mesh.rows("user", "SELECT email FROM user WHERE user_id = :u", u=me["user_id"])
        return row.email

    refused = save("eve")
    assert (refused.status_code, refused.json()["code"], saved()) == (409, "other_user", None)
    assert (save(me["username"]).status_code, saved()) == (200, "eve@example.org")
    left = browser.post(mesh.url + "/user/logout", headers={**OURS, "X-Session-User": "eve"}, timeout=30)
    assert left.status_code == 200, "signing out ends whatever session this browser has"


def test_without_the_header_nothing_is_different(mesh: Mesh) -> None:
    name = "ada" + secrets.token_hex(6)
    mesh.post("/user/register", username=name, password=PASSWORD)

    reply = mesh.post("/user/login", username=name, password=PASSWORD)

    assert reply.json()["token"]
    assert "Set-Cookie" not in reply.headers
