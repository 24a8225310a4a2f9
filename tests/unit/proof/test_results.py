"""The page that ./prove.sh writes."""

from pathlib import Path

import pytest

from proof import results
from proof.results import Outcome, read_junit, write_page

PASSED = '<testcase name="test_a"><properties><property name="tried" value="2,000 steps"/></properties></testcase>'
FAILED = '<testcase name="test_b"><failure message="no"/></testcase>'
SKIPPED = '<testcase name="test_c"><skipped/></testcase>'


@pytest.fixture(autouse=True)
def a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "commit", lambda: "abc1234")


@pytest.mark.parametrize(("cases", "count", "verdict", "passed"), [
    (PASSED, "1 tests; 2,000 steps", "everything as promised", True),
    (PASSED + FAILED, "2 tests; 2,000 steps", "FAILED: `test_b`", False),
    (PASSED + SKIPPED, "1 tests; 2,000 steps", "everything as promised; 1 tests were skipped", True),
    ("", "0 tests", "FAILED: nothing was tried", False)])
def test_a_report_says_how_often_and_what_failed(tmp_path: Path, cases: str, count: str, verdict: str,
                                                 passed: bool) -> None:
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")

    assert read_junit(report) == Outcome(count, verdict, passed)


def test_recoveries_of_all_tests_make_one_table(tmp_path: Path) -> None:
    told = ('{"order killed": [1.0, 2.0]}', '{"order killed": [9.04], "redis emptied": [0.5]}')
    report = tmp_path / "report.xml"
    report.write_text("<testsuite>" + "".join(
        f"<testcase name='t'><properties><property name='recovery' value='{each}'/></properties></testcase>"
        for each in told) + "</testsuite>")

    assert read_junit(report).sections == {results.RECOVERY: (
        "| What happened | Times | Median | Longest |\n| --- | --: | --: | --: |\n"
        "| order killed | 3 | 2.0 s | 9.0 s |\n| redis emptied | 1 | 0.5 s | 0.5 s |\n")}


def test_a_part_replaces_its_own_row_and_leaves_the_others(tmp_path: Path) -> None:
    page = tmp_path / "proof.md"
    write_page(page, "Crowds", Outcome("10 tests", "everything as promised", True), 7)
    write_page(page, "Faults", Outcome("9 faults", "8 noticed", True, {"Unnoticed": "- one"}), None)
    write_page(page, "Crowds", Outcome("11 tests", "everything as promised", True), 8)

    text = page.read_text()
    write_page(page, "Faults", Outcome("9 faults", "9 noticed", True, {"Unnoticed": ""}), None)
    assert "## Unnoticed" not in page.read_text()
    assert [line.split(" | ")[:4] for line in text.splitlines() if line.startswith(("| Crowds", "| Faults"))] == [
        ["| Crowds", "11 tests", "everything as promised", "8"], ["| Faults", "9 faults", "8 noticed", ""]]
    assert text.endswith("|\n\n## Unnoticed\n\n- one\n")
