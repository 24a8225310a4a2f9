"""Odd requests to every method, drawn from the API's own description: the answers are as it says, and nothing ends."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from testbed.mesh import Mesh
from tests.sizes import Size

Tell = Callable[[str, object], None]
ENDS_THE_SESSION = r"^/user/(logout|end_session)"
STREAM = "/live/{screening_id}"    # which has no end
# What no schema can say is a 422, too: two fields that contradict each other, or a price that nobody was shown.
# The one field that a header may stand for is the token to authorize.
SETTINGS = """
[checks.positive_data_acceptance]
expected-statuses = [200, 400, 401, 403, 404, 409, 422, 428, 429]

[[operations]]
include-path = "/user/authorize"
checks.negative_data_rejection.enabled = false
"""


def signed_in(mesh: Mesh, role: str) -> str:
    """The token of a new account with a password and this role."""
    name, password = f"fuzz{next(mesh.numbers)}", "correct horse battery"
    assert mesh.post("/user/register", username=name, password=password).status_code == 200
    mesh.rows("user", "UPDATE user SET roles = JSON_ARRAY(:r) WHERE username = :n", r=role, n=name)
    return str(mesh.post("/user/login", username=name, password=password).json()["token"])


def send_odd_requests(mesh: Mesh, token: str, cases: int, seed: int, folder: Path) -> str:
    """Send so many to each method, some of them valid; the number sent. Fails at an answer that the
    document does not describe, at a 5xx, or without an answer in 30 s.
    """
    (folder / "schemathesis.toml").write_text(SETTINGS)
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml"), "run",
         mesh.url + "/openapi.json", "--phases=fuzzing,stateful", f"--exclude-path={STREAM}",
         f"--max-examples={cases}", f"--seed={seed}", "--no-shrink", "--warnings=off",
         "--continue-on-failure", "--suppress-health-check=all", "--request-timeout=30",
         f"--exclude-path-regex={ENDS_THE_SESSION}", f"--header=Authorization: Bearer {token}"],
        cwd=folder, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    sent = re.search(r"([\d,]+) generated", done.stdout)
    assert sent, done.stdout[-2000:]
    return sent[1]


def test_odd_requests_meet_no_fault(mesh: Mesh, size: Size, seed: int, tmp_path: Path, record_property: Tell) -> None:
    for role in ("manager", "buyer", "admin")[:size.fuzzed_roles]:
        token = signed_in(mesh, role)
        processes = {program: mesh.pid(program) for program in mesh.supervisor.programs()}

        sent = send_odd_requests(mesh, token, size.fuzz_cases, seed, tmp_path)

        record_property("tried", f"{sent} odd requests with the rights of: {role}")
        assert mesh.get("/user/get_profile", token).status_code == 200, "the requests were those of somebody signed in"
        assert {program: mesh.pid(program) for program in processes} == processes, "a process died"
    mesh.check_invariants()
