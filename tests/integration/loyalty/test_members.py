"""What a member sees over HTTP, and what nobody else does."""

import json

import pytest

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, pay
from tests.drivers.snack_orders import SKU, wait_for_step
from tests.drivers.wallets import user_of


@pytest.fixture(scope="module")
def buyer(mesh: Mesh) -> str:
    return mesh.buyer()


@pytest.fixture(scope="module")
def order_id(mesh: Mesh, buyer: str) -> str:
    """A paid order for two seats and a snack, which is in the kitchen."""
    screening = mesh.fresh_screening(40)
    order = buy(mesh, buyer, screening, list(mesh.seats(screening))[:2], (SKU, 1))
    pay(mesh, buyer, order)
    wait_for_step(mesh, buyer, order, "new")
    return str(order["order_id"])


def balance(mesh: Mesh, token: str) -> int:
    return int(mesh.get("/loyalty/get_points", token).json()["balance"])


def test_a_paid_order_earns_and_its_refund_takes_back(mesh: Mesh, buyer: str, order_id: str) -> None:
    wait_until(lambda: balance(mesh, buyer) > 0, what="the points of the order")
    earned = balance(mesh, buyer)
    [entry] = mesh.get("/loyalty/get_entries", buyer).json()["entries"]
    assert (entry["kind"], entry["points"], entry["order_id"], entry["reason"]) == ("earned", earned, order_id, "paid")

    assert mesh.post("/order/refund", buyer, order_id=order_id).status_code == 200
    wait_until(lambda: balance(mesh, buyer) == 0, what="the points of seats and snacks to be taken back")
    page = mesh.get("/loyalty/get_entries", buyer, limit=2).json()
    assert [entry["kind"] for entry in page["entries"]] == ["taken_back"] * 2
    assert -sum(entry["points"] for entry in page["entries"]) == earned
    rest = mesh.get("/loyalty/get_entries", buyer, cursor=page["next_cursor"]).json()
    assert [entry["points"] for entry in rest["entries"]] == [earned]
    assert rest["next_cursor"] is None


def test_a_members_days_are_those_of_the_cinema_last_bought_at(mesh: Mesh, buyer: str, order_id: str) -> None:
    order = mesh.get("/order/get_info", buyer, order_id=order_id).json()
    hall = mesh.get("/film/get_hall_info", screening_id=order["screening_id"]).json()
    zone = hall["screening"]["cinema"]["timezone"]
    assert order["screening"]["time_zone"] == zone
    wait_until(lambda: mesh.rows("loyalty", "SELECT 1 FROM member WHERE user_id = :u AND cinema_zone = :z",
                                 u=user_of(mesh, buyer), z=zone), what="the loyalty room to hear of the order")
    assert mesh.get("/loyalty/get_check_in", buyer).json()["time_zone"] == zone


def test_a_member_checks_in_by_the_clock_of_the_profile_and_gets_the_reward(mesh: Mesh) -> None:
    member, other = mesh.buyers(2)
    refused = mesh.post("/user/update_profile", member, time_zone="Berlin")
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["time_zone"])
    profile = mesh.post("/user/update_profile", member, time_zone="Asia/Tokyo").json()
    assert profile["time_zone"] == mesh.get("/user/get_profile", member).json()["time_zone"] == "Asia/Tokyo"
    wait_until(lambda: mesh.get("/loyalty/get_check_in", member).json()["time_zone"] == "Asia/Tokyo",
               what="the loyalty room to hear of the zone")

    first = mesh.post("/loyalty/check_in", member).json()
    state = mesh.get("/loyalty/get_check_in", member).json()
    assert (first["day"], first["cycle"], first["reward"]) == (1, 1, state["rewards"][0])
    assert (state["done"], state["streak"], state["checked_in_at"]) == (True, 1, first["checked_in_at"])
    wait_until(lambda: balance(mesh, member) == first["reward"]["points"], what="the reward")
    assert mesh.get("/loyalty/get_check_in", other).json()["done"] is False
    assert balance(mesh, other) == 0


def test_each_change_of_the_time_zone_is_told_once(mesh: Mesh) -> None:
    member = mesh.buyer()
    for zone in ("Asia/Tokyo", "Asia/Tokyo", None, "Europe/Paris"):
        assert mesh.post("/user/update_profile", member, time_zone=zone).json()["time_zone"] == zone
    assert mesh.post("/user/update_profile", member, display_name="Ada").json()["time_zone"] == "Europe/Paris"
    user_id = mesh.get("/user/get_profile", member).json()["user_id"]
    told = mesh.rows("user", "SELECT sequence, body FROM outbox WHERE about = :a ORDER BY sequence",
                     a=f"{user_id}-time-zone")
    assert [(row.sequence, json.loads(row.body)["time_zone"]) for row in told] == [
        (1, "Asia/Tokyo"), (2, None), (3, "Europe/Paris")]


def test_points_are_redeemed_once_for_a_repeated_request(mesh: Mesh) -> None:
    member = mesh.buyer()
    user_id = mesh.get("/user/get_profile", member).json()["user_id"]
    mesh.rows("loyalty", "INSERT INTO entry (entry_id, user_id, kind, source_id, points, reason, occurred_at) "
                         "VALUES (MD5(:u), :u, 'earned', :u, 250, 'paid', NOW())", u=user_id)
    mesh.rows("loyalty", "INSERT INTO member (user_id, balance, lifetime, has_chosen, profile_version) "
                         "VALUES (:u, 250, 250, 0, 0)", u=user_id)

    replies = [mesh.post("/loyalty/redeem", member, "a-key", points=200) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json() == replies[1].json()
    refused = mesh.post("/loyalty/redeem", member, points=100)
    assert (refused.status_code, refused.json()["code"], refused.json()["balance"]) == (409, "not_enough_points", 50)
    assert mesh.post("/loyalty/redeem", member, points=30).json()["code"] == "points_not_redeemable"


def test_only_staff_see_the_days_of_a_member(mesh: Mesh, buyer: str) -> None:
    user_id = mesh.get("/user/get_profile", buyer).json()["user_id"]
    query = {"user_id": user_id, "from": "2026-11-01", "to": "2026-11-30"}
    assert mesh.get("/loyalty/get_check_ins", buyer, **query).status_code == 403
    assert mesh.get("/loyalty/get_check_ins", **query).status_code == 401
    days = mesh.get("/loyalty/get_check_ins", mesh.staff(), **query).json()["days"]
    assert (len(days), days[0]["local_date"]) == (30, "2026-11-01")
