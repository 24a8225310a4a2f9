"""A large hall for the tests of a file, and what is free in it."""

import pytest

from testbed.mesh import Mesh


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(320)


@pytest.fixture
def seats(mesh: Mesh, screening: str) -> list[str]:
    return [seat for seat, state in mesh.seats(screening).items() if state == "free"]
