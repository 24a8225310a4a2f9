"""A refusal raised in one room is caught as itself in another, with its facts."""

import re
from collections.abc import Iterator

import pytest
from nameko.exceptions import deserialize

from schemas import catalogue
from schemas.errors import KINDS, Refusal
from services.foundation.amqp import json_serializer
from services.foundation.rpc.server import describe

FACTS = {
    "seats": ["F7", "F8"], "retry_after": 3, "share": 0.5, "status": "paid", "none": None, "sure": True,
    "fields": {"seats": {"0": ["Not a seat such as F7."]}}, "text": "花樣年華 \" \\ \n",
}

every_refusal = pytest.mark.parametrize("refusal", catalogue.refusals().values(), ids=catalogue.refusals())


def below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


@every_refusal
def test_a_refusal_crosses_the_wire_as_itself(refusal: type[Refusal]) -> None:
    arrived = deserialize(json_serializer.decode(json_serializer.encode(describe(refusal(**FACTS)))))
    assert type(arrived) is refusal
    assert arrived.about == FACTS


@every_refusal
def test_a_refusal_needs_no_facts(refusal: type[Refusal]) -> None:
    arrived = deserialize(json_serializer.decode(json_serializer.encode(describe(refusal()))))
    assert type(arrived) is refusal
    assert arrived.about == {}


@every_refusal
def test_a_refusal_is_caught_by_its_kind(refusal: type[Refusal]) -> None:
    [kind] = [kind for kind in KINDS if issubclass(refusal, kind)]
    with pytest.raises(kind):
        raise deserialize(json_serializer.decode(json_serializer.encode(describe(refusal(**FACTS)))))
    assert refusal.kind() == kind.__name__


@every_refusal
def test_a_refusal_has_a_meaning_and_a_stable_code(refusal: type[Refusal]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", refusal.code)
    assert refusal.code.replace("_", "") == refusal.__name__.lower()
    assert refusal.meaning().endswith((".", ")"))
    assert refusal.__doc__ != Refusal.__doc__


def test_no_two_refusals_have_one_code() -> None:
    codes = [refusal.code for refusal in below(Refusal) if refusal.__module__.startswith("schemas.")]
    assert sorted(codes) == sorted(set(codes))


def test_a_bug_arrives_as_a_bug() -> None:
    arrived = deserialize(json_serializer.decode(json_serializer.encode(describe(ZeroDivisionError("half a seat")))))
    assert not isinstance(arrived, Refusal)
    assert "ZeroDivisionError" in str(arrived)
