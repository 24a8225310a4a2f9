from pathlib import Path

import pytest

from services.foundation.marked_yaml import InvalidFile
from services.kitchen import menu_import
from tests.unit.film.samples import SMALL, WITH_MENU, line_of, written


def test_a_menu_becomes_rows_in_its_order(tmp_path: Path) -> None:
    cola, popcorn = menu_import.read(written(tmp_path, WITH_MENU))

    assert cola == {"cinema_id": "kanal", "currency": "EUR", "sku": "cola", "name": "Cola", "name_zh": "可乐",
                    "category": "drink", "price": 300, "stock": 20, "place": 0}
    assert (popcorn["name_zh"], popcorn["place"]) == (None, 1)


def test_a_cinema_without_a_menu_is_fine(tmp_path: Path) -> None:
    assert menu_import.read(written(tmp_path)) == []


@pytest.mark.parametrize(("old", "new", "words"), [
    ("sku: cola", "sku: Cola!", "`sku`: Up to 40"),
    ("price: 300", "price: three", "`price`: Not a whole number"),
    ("price: 500", "price: -5", "`price`"),
    ("price: 500", "price: 10000000001", "`price`: Must be"),
    ("category: drink", "category: wine", "`category`"),
    ("stock: 20", "stock: 0.5", "`stock`: Not a whole number"),
    ("name: Cola,", "nam: Cola,", "`nam`: is not known here"),
    ("sku: popcorn, name", "sku: cola, name", "there is a snack `cola` already, on line"),
    ("      - {sku: popcorn, name: Popcorn, category: popcorn, price: 500, stock: 5}", "      - popcorn",
     "names and values are expected"),
])
def test_a_mistake_on_the_menu_is_told_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert WITH_MENU.count(old) == 1
    text = WITH_MENU.replace(old, new)

    with pytest.raises(InvalidFile) as refused:
        menu_import.read(written(tmp_path, text))

    assert [mistake.line for mistake in refused.value.mistakes if words in mistake.sentence] == [
        text[: WITH_MENU.index(old)].count("\n") + 1]


def test_a_menu_that_is_no_list_is_refused_with_its_line(tmp_path: Path) -> None:
    text = SMALL.replace("    halls:\n", "    menu: popcorn\n    halls:\n")

    with pytest.raises(InvalidFile) as refused:
        menu_import.read(written(tmp_path, text))

    assert refused.value.mistakes[0].line == line_of("menu: popcorn", text)


@pytest.mark.parametrize("text", ["", "just words", "cinemas: 7", "cinemas: [a, {}]"])
def test_a_file_of_another_kind_is_left_to_the_film_room(tmp_path: Path, text: str) -> None:
    assert menu_import.read(written(tmp_path, text)) == []
