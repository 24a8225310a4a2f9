"""The settings file of supervisord."""

import shlex
from configparser import RawConfigParser
from pathlib import Path

from operations.supervision.programs import Program, render, split_command


def read(*programs: Program) -> RawConfigParser:
    parser = RawConfigParser()
    parser.read_string(render(list(programs)))
    return parser


def test_a_program_is_kept_alive_with_growing_pauses(tmp_path: Path) -> None:
    film = read(Program("film", ["nameko", "run"], tmp_path))["program:film"]
    assert film["autorestart"] == "true"
    assert int(film["startretries"]) > 100_000
    assert (film["stopsignal"], film["stopwaitsecs"], film["killasgroup"]) == ("TERM", "15", "true")


def test_one_instance_has_the_name_of_its_room_and_several_have_numbers(tmp_path: Path) -> None:
    parser = read(Program("film", ["x"], tmp_path), Program("order", ["x"], tmp_path, instances=3))
    assert parser["program:film"]["process_name"] == "%(program_name)s"
    assert parser["program:order"]["process_name"] == "%(program_name)s-%(process_num)s"
    assert parser["program:order"]["numprocs"] == "3"


def test_spaces_and_percent_signs_in_paths_survive(tmp_path: Path) -> None:
    folder = tmp_path / "100 %"
    program = read(Program("film", ["run", "a b"], folder, {"HOME": str(folder)}))["program:film"]
    assert program["command"] == f"/usr/bin/env 'HOME={tmp_path}/100 %%' run 'a b'"
    assert program["directory"] == f"{tmp_path}/100 %%"


def test_a_secret_is_in_the_environment_and_in_no_command_line(tmp_path: Path) -> None:
    program = read(Program("film", ["run"], tmp_path, {"HOME": "/x"}, secrets={"A": "s-1_", "B": "t"}))["program:film"]
    assert program["environment"] == 'A="s-1_",B="t"'
    assert "s-1_" not in program["command"]


def test_the_socket_has_a_short_path_even_in_a_deep_folder() -> None:
    assert read()["unix_http_server"]["file"] == "/proc/self/cwd/supervisor.sock"


def test_the_variables_of_a_command_are_told_from_its_arguments(tmp_path: Path) -> None:
    program = Program("film", ["run", "a b", "--with=c"], tmp_path, {"A": "1", "B": "x=y z"}, template=True)
    section = read(program)["program:film"]
    assert section["template"] == "yes"
    assert split_command(shlex.split(section["command"])) == (program.environment, program.command)
    assert split_command(["run", "A=b"]) == ({}, ["run", "A=b"])
    assert "template" not in read(Program("redis", ["run"], tmp_path))["program:redis"]
