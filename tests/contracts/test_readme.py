"""What the README names exists: its links, commands, variables, and the codes and fields of its troubleshooting."""

import re

import click
import pytest

from gateway.docs.other_addresses import READY
from operations.__main__ import operations
from schemas import catalogue
from testbed.processes import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
SOURCES = "\n".join(file.read_text(encoding="utf-8") for folder in ("services", "operations", "deploy", "gateway")
                    for file in (ROOT / folder).rglob("*") if file.suffix in (".py", ".yml", ".yaml"))
SETTINGS = (ROOT / "config.yml").read_text(encoding="utf-8") + (ROOT / "docker-compose.yml").read_text() + SOURCES


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"^#+ ", PROSE.split(f" {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_every_link_within_the_readme_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", PROSE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PROSE)) - anchors == set()


def test_the_contents_name_every_chapter() -> None:
    chapters = set(re.findall(r"^## (.+)$", PROSE, re.MULTILINE))
    contents = PROSE.partition("## ")[0]
    assert {chapter for chapter in chapters if f"](#{chapter.lower().replace(' ', '-')})" not in contents} == set()


def test_every_command_of_operations_that_the_readme_names_exists() -> None:
    known = set(operations.list_commands(click.Context(operations)))
    named = set(re.findall(r"-m\s+operations ([a-z-]+)", README)) | set(re.findall(r"`\.\.\. ([a-z-]+)", PROSE))
    assert len(named) > 10
    assert named - known == set()


def test_every_variable_that_the_readme_names_is_read() -> None:
    named = set(re.findall(r"\bMARQUEE_[A-Z_]+[A-Z]\b", README))
    assert {name for name in named if name not in SETTINGS} == set()


def test_the_first_real_cinema_takes_ten_steps() -> None:
    assert [int(step) for step in re.findall(r"^(\d+)\. ", section("Your first real cinema"), re.MULTILINE)] == [
        *range(1, 11)]


@pytest.mark.parametrize("code", ["storage_full", "challenge_required"])
def test_troubleshooting_names_refusals_that_exist(code: str) -> None:
    assert f"`{code}`" in section("When something is wrong")
    assert code in catalogue.refusals()


def test_troubleshooting_names_fields_of_ready_that_exist() -> None:
    named = re.findall(r"health`: `(\w+)` and `(\w+)`", section("When something is wrong"))
    assert named
    assert set(named[0]) <= READY["properties"].keys()  # type: ignore[attr-defined]
