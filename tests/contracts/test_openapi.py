"""The OpenAPI document agrees with the contract, in terms that every tool understands."""

import json
import re

from gateway.docs import openapi
from schemas import catalogue


def test_the_document_has_every_public_method_and_no_other() -> None:
    public = {method.path for method in catalogue.methods().values() if method.access != "internal"}
    assert set(openapi.document()["paths"]) == public


def test_the_patterns_of_the_document_are_those_of_browsers() -> None:
    r"""Python's \A and \Z are plain letters to them."""
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(openapi.document()))
    assert len(patterns) > 5
    assert [pattern for pattern in map(json.loads, patterns) if re.search(r"\\[AZz]|\(\?P", pattern)] == []
