"""Two gateways on one address: both serve when config.yml allows it; otherwise the second one fails with a reason."""

from pathlib import Path

import pytest
import requests

from testbed.mesh import Mesh, wait_until
from tests.integration.gateway.lone_gateway import lone_gateway

pytestmark = pytest.mark.full_size("unit/gateway/test_announcements.py", "integration/user/test_sessions.py")


def test_two_gateways_share_one_address_when_config_yml_allows_it(mesh: Mesh, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path / "1", MARQUEE_GATEWAYS="2") as one, \
            lone_gateway(mesh, tmp_path / "2", MARQUEE_GATEWAYS="2", MARQUEE_PORT=str(one.port)) as two:
        def both_served() -> bool:
            assert requests.get(one.url + "/film/get_all_list", timeout=10).status_code == 200
            return all("GET /film/get_all_list" in gateway.log for gateway in (one, two))

        wait_until(both_served, 20, "requests at both gateways")
        buyer = mesh.buyer()
        headers = {"Authorization": f"Bearer {buyer}"}

        def all_answer(expected: int) -> bool:
            """Twenty requests reach both gateways."""
            return all(requests.get(one.url + "/order/get_list", headers=headers, timeout=10).status_code == expected
                       for _ in range(20))

        assert all_answer(200)
        assert requests.post(one.url + "/user/logout", json={}, headers=headers, timeout=10).status_code == 200
        wait_until(lambda: all_answer(401), 4, "both to know that the token has ended")


def test_a_second_gateway_without_permission_fails_with_a_reason(mesh: Mesh, tmp_path: Path) -> None:
    port = mesh.environment["MARQUEE_PORT"]
    with lone_gateway(mesh, tmp_path, MARQUEE_PORT=port) as second:
        wait_until(lambda: second.process.poll() is not None, 20, "the second gateway to give up")
    assert second.process.returncode != 0
    assert "Address already in use" in second.log
