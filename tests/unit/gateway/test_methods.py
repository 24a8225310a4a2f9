"""The addresses of methods, in their spellings."""

import pytest

from gateway.routes import methods
from schemas import catalogue, film, order


@pytest.mark.parametrize("path", [
    "/order/buy", "/order/Buy", "/Order/Buy", "/order/OrderService/Buy", "/order/order_service/buy", "/order/Order/Buy",
])
def test_every_spelling_of_buying_is_the_same_method(path: str) -> None:
    assert methods.find(path) is order.BUY


@pytest.mark.parametrize("path", ["/film/get_all_list", "/film/GetAllList", "/film/FilmService/GetAllList"])
def test_pascal_case_names_become_snake_case(path: str) -> None:
    assert methods.find(path) is film.GET_ALL_LIST


@pytest.mark.parametrize("path", [
    "/order/FilmService/Buy", "/order/UserService/buy", "/order/Service/Buy", "/order/buy/Buy",
])
def test_an_address_with_another_room_s_service_class_has_no_method(path: str) -> None:
    assert methods.find(path) is None


@pytest.mark.parametrize("path", [
    "", "/", "//order/buy", "/order//buy", "/order/buy/", "/order", "/order/", "/order/buy/now/please", "order/buy",
    "/order/../order/buy", "/./order/buy", "/order/buy.json", "/order/.buy", "/order/bu y",
    "/order/buy\n", "/order/buy\0",
    "/order/__init__", "/order/_buy", "/órder/buy", "/order/" + "b" * 5000, "/" * 5000, "/order/buy?x", "/order%2Fbuy",
    "/1order/buy", "/order/GETINFO", "/order/get-info",
])
def test_an_odd_address_has_no_method(path: str) -> None:
    assert methods.find(path) is None


def test_an_internal_method_has_no_address() -> None:
    internal = [method for method in catalogue.methods().values() if method.access == "internal"]
    assert internal
    for method in internal:
        name = method.name.title().replace("_", "")
        assert methods.find(method.path) is None
        assert methods.find(f"/{method.room}/{name}") is None
        assert methods.find(f"/{method.room}/{method.room.title()}Service/{name}") is None


def test_every_public_method_has_an_address_in_both_spellings() -> None:
    for method in methods.PUBLIC.values():
        assert methods.find(method.path) is method
        assert methods.find(f"/{method.room.title()}/{method.name.title().replace('_', '')}") is method
