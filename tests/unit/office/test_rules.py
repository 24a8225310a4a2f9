"""The chain of the operation log, and the comparison of its money."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from services.office import rules
from services.office.rules import FIRST, Entry, Head, Movement


def operation(number: int, **other: Any) -> dict[str, Any]:
    return {"operation_id": f"o{number}", "actor_id": "ada", "actor": "Ada", "roles": ["manager"],
            "method": "kitchen.restock", "about": "popcorn", "cinema_id": "kanal", "before": {"stock": 1},
            "after": {"stock": number}, "reason": None, "money": None, "request_id": None,
            "operated_at": "2030-01-01T20:00:00+00:00", **other}


def log(length: int) -> list[Entry]:
    entries, previous = list[Entry](), FIRST
    for number in range(1, length + 1):
        content = rules.canonical(operation(number))
        digest = rules.digest(number, previous, content)
        entries.append(Entry(number, previous, digest, content, tuple(rules.facts(operation(number)).values())))
        previous = digest
    return entries


def head(entries: list[Entry]) -> Head:
    return Head(entries[-1].number, entries[-1].digest)


def numbers(entries: list[Entry], of: Head | None = None) -> list[int]:
    return [fault.number for fault in rules.faults(entries, of or head(log(5)))]


def test_a_digest_covers_number_predecessor_and_content() -> None:
    expected = hashlib.sha256(f"7\n{FIRST}\n".encode() + b'{"a":"\xe8\x99\x8e","b":1}').hexdigest()
    assert rules.digest(7, FIRST, rules.canonical({"b": 1, "a": "虎"})) == expected


def test_a_number_that_json_does_not_have_is_not_logged() -> None:
    with pytest.raises(ValueError, match="JSON"):
        rules.canonical({"after": float("nan")})


def test_an_untouched_log_has_no_fault() -> None:
    assert numbers(log(5)) == []
    assert numbers([], Head(0, FIRST)) == []


@pytest.mark.parametrize("change", [
    {"content": rules.canonical(operation(3, reason="none at all"))}, {"digest": "f" * 64}, {"previous": "f" * 64}])
def test_a_changed_entry_is_found(change: dict[str, Any]) -> None:
    entries = log(5)
    entries[2] = replace(entries[2], **change)
    assert 3 in numbers(entries)


@pytest.mark.parametrize("name", rules.FACTS)
def test_a_changed_column_is_found(name: str) -> None:
    entries = log(5)
    facts = dict(zip(rules.FACTS, entries[2].facts, strict=True)) | {name: "another"}
    entries[2] = replace(entries[2], facts=tuple(facts.values()))
    assert numbers(entries) == [3]


def test_an_entry_that_was_changed_together_with_its_digest_does_not_fit_the_next() -> None:
    entries = log(5)
    content = rules.canonical(operation(3, reason="none at all"))
    entries[2] = replace(entries[2], content=content, digest=rules.digest(3, entries[2].previous, content))
    assert numbers(entries) == [4]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{}", b'{"operated_at": 1}', b'{"operated_at": "now"}'])
def test_content_that_is_no_operation_is_found_even_with_its_own_digest(content: bytes) -> None:
    entries = log(5)
    entries[4] = replace(entries[4], content=content, digest=rules.digest(5, entries[4].previous, content))
    assert numbers(entries, head(entries)) == [5]


@pytest.mark.parametrize("number", range(1, 6))
def test_a_deleted_entry_is_found(number: int) -> None:
    entries = log(5)
    del entries[number - 1]
    assert numbers(entries) == [number]


def test_an_entry_inserted_at_the_end_is_found() -> None:
    assert numbers(log(6)) == [6]


def test_an_entry_inserted_in_between_is_found() -> None:
    entries = log(5)
    later = [replace(entry, number=entry.number + 1) for entry in entries[2:]]
    assert 3 in numbers([*entries[:2], replace(entries[1], number=3), *later])


def test_entries_that_changed_places_are_found() -> None:
    entries = log(5)
    entries[1], entries[2] = replace(entries[2], number=2), replace(entries[1], number=3)
    assert {2, 3} <= set(numbers(entries))


def test_a_log_that_was_emptied_is_found() -> None:
    assert numbers([]) == [1]


def test_a_last_entry_that_was_written_anew_is_found() -> None:
    entries = log(5)
    content = rules.canonical(operation(5, reason="none at all"))
    facts = tuple(rules.facts(operation(5)).values())
    assert numbers([*entries[:4], Entry(5, entries[3].digest, rules.digest(5, entries[3].digest, content), content,
                                        facts)]) == [5]


def test_the_end_of_a_log_is_verified_behind_an_entry_that_is_known() -> None:
    entries = log(5)
    known = head(entries[:3])

    assert list(rules.faults(entries[3:], head(entries), known)) == []
    assert list(rules.faults([], head(entries[:3]), known)) == []
    assert [fault.number for fault in rules.faults(entries[4:], head(entries), known)] == [4]
    assert [fault.number for fault in rules.faults(entries[3:4], head(entries), known)] == [5]
    other = replace(entries[3], content=rules.canonical(operation(9)))
    assert [fault.number for fault in rules.faults([other, entries[4]], head(entries), known)] == [4]


def test_money_is_among_the_facts() -> None:
    money = {"amount": -1000, "currency": "EUR", "source_id": "order-1"}
    facts = rules.facts(operation(1, money=money))
    assert {name: facts[name] for name in money} == money
    assert rules.facts(operation(1))["amount"] is None


@pytest.mark.parametrize(("logged", "moved", "found"), [
    ([("a", "EUR", -5)], [("a", "EUR", -5)], []),
    ([("a", "EUR", -2), ("a", "EUR", -3)], [("a", "EUR", -5)], []),
    ([("a", "EUR", -5)], [], [("not_moved", "a", "EUR", -5, 0)]),
    ([], [("a", "EUR", -5)], [("not_logged", "a", "EUR", 0, -5)]),
    ([("a", "EUR", -5)], [("a", "EUR", -6)], [("other_amount", "a", "EUR", -5, -6)]),
    ([("a", "EUR", -5)], [("a", "USD", -5)], [("not_moved", "a", "EUR", -5, 0), ("not_logged", "a", "USD", 0, -5)]),
])
def test_differences_between_the_log_and_the_money_are_named(logged: list[Any], moved: list[Any],
                                                            found: list[Any]) -> None:
    answer = rules.differences([Movement(*each) for each in logged], [Movement(*each) for each in moved])
    assert [tuple(each[name] for name in ("kind", "source_id", "currency", "logged", "moved"))
            for each in answer] == found
