"""YAML with the line of each value. Every value stays text, so that 14:00, on and 1917 mean themselves.

Why PyYAML does this and not ruamel.yaml: docs/decisions/yaml-with-lines.md.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import marshmallow
import yaml

Place = tuple[str | int, ...]
PLAINLY = {
    "Unknown field.": "is not known here",
    "Missing data for required field.": "is missing",
    "Invalid input type.": "names and values are expected here",
    "Not a valid list.": "a list is expected here",
}


@dataclass(frozen=True, order=True)
class Mistake:
    """A mistake in a file: its line, from 1, and a sentence for the person who wrote the file."""

    line: int
    sentence: str


class InvalidFile(Exception):
    """The file has mistakes: `mistakes` by line, and `str` with one `path:line: sentence` per line."""

    def __init__(self, path: Path, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(f"{path}:{mistake.line}: {mistake.sentence}" for mistake in self.mistakes))


@dataclass
class YamlFile:
    """A file as it was read.

    `data`: dicts, lists and text. `lines`: the line of each place in it; a place is the path of names and indexes that
    leads there. `mistakes`: those found so far.
    """

    path: Path
    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest place around it that has one; 1 if there is none."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def add_mistake(self, place: Place, sentence: str) -> None:
        """Note a mistake on the line of a place."""
        self.mistakes.append(Mistake(self.line(place), sentence))

    def load(self, schema: marshmallow.Schema, raw: Any, place: Place) -> dict[str, Any]:
        """Load the entry at `place` by a schema: its valid fields are returned, the others become mistakes."""
        try:
            return dict(schema.load(raw))
        except marshmallow.ValidationError as problem:
            for where, message in _flat(problem.messages):
                name = next((part for part in reversed(where) if isinstance(part, str)), None)
                self.add_mistake((*place, *where), f"`{name}`: {message}" if name else message)
            return dict(problem.valid_data) if isinstance(problem.valid_data, dict) else {}

    def raise_mistakes(self) -> None:
        """Raise InvalidFile if any mistake was noted."""
        if self.mistakes:
            raise InvalidFile(self.path, self.mistakes)


def read(path: Path) -> YamlFile:
    """Read a YAML file in UTF-8, its text in NFC.

    Raises InvalidFile when it is not YAML, has a name twice in one mapping, or refers to repeated parts (`*name`).
    """
    file = YamlFile(path)
    try:
        text = unicodedata.normalize("NFC", path.read_bytes().decode("utf-8-sig"))
        root = _compose(text, file)
        file.data = None if root is None else _value(root, (), file)
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        file.mistakes.append(Mistake(line, "this is not UTF-8 text"))
    except yaml.reader.ReaderError as problem:
        file.mistakes.append(Mistake(text.count("\n", 0, problem.position) + 1, "a character here is not text"))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        file.mistakes.append(Mistake(mark.line + 1 if mark else 1, f"this is not YAML: {problem.problem}"))
    file.raise_mistakes()
    return file


def _compose(text: str, file: YamlFile) -> yaml.Node | None:
    for event in yaml.parse(text, yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            # A short file of references could grow without end ("billion laughs").
            line = event.start_mark.line + 1 if event.start_mark else 1
            file.mistakes.append(Mistake(line, "names for repeated parts (*name) are not read here"))
    file.raise_mistakes()
    return yaml.compose(text, yaml.BaseLoader)


def _value(node: yaml.Node, place: Place, file: YamlFile) -> Any:
    file.lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return dict(_entries(node, place, file))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, at), file) for at, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and node.style == "|":
        first = node.start_mark.line + 2
        file.lines.update({(*place, at): first + at for at in range(str(node.value).count("\n") + 1)})
    return node.value


def _entries(node: yaml.MappingNode, place: Place, file: YamlFile) -> Iterator[tuple[str, Any]]:
    for key, value in node.value:
        here = (*place, str(key.value))
        line = key.start_mark.line + 1
        if here in file.lines:
            file.mistakes.append(Mistake(line, f"`{key.value}` appears twice"))
        file.lines[here] = line
        yield str(key.value), _value(value, here, file)


def _flat(messages: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(messages, dict):
        for part, inner in messages.items():
            yield from _flat(inner, place if part == "_schema" else (*place, part))
    else:
        yield from ((place, PLAINLY.get(message, message)) for message in messages)
