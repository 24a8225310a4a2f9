"""The documentation's examples are requests that would be taken."""

import pytest

from gateway.docs import examples
from gateway.routes.methods import PUBLIC
from schemas.base import Method


@pytest.mark.parametrize("method", PUBLIC.values(), ids=lambda method: method.path)
def test_the_example_is_taken_by_the_method(method: Method) -> None:
    method.load(examples.fields_of(method))


@pytest.mark.parametrize("method", PUBLIC.values(), ids=lambda method: method.path)
def test_no_example_puts_a_token_or_a_password_into_an_address(method: Method) -> None:
    address = examples.curl(method).split('"')[1].removeprefix("$URL" + method.path)
    assert "token" not in address
    assert "password" not in address
