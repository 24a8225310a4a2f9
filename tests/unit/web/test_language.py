"""The sentences of the pages, in every language."""

import json
import re
from pathlib import Path

import pytest

from gateway.routes.static_files import FOLDER
from schemas import catalogue, film, kitchen, loyalty, notification, order, wallet
from schemas.fields import LANGUAGES as CHOICES
from schemas.order import receipts
from schemas.order.methods import REFUNDED_TO, WAYS_TO_PAY
from services.payment.sandbox import page as sandbox

FILES = {path.stem: json.loads(path.read_text()) for path in (FOLDER / "language").glob("*.json")}
LANGUAGES = {name: sentences for name, sentences in FILES.items() if "." not in name}    # needed everywhere
PARTS = {name.partition(".")[2] for name in FILES} - {""}     # loaded by the scripts of the folder of that name
ENGLISH = LANGUAGES["en"] | FILES["en.account"] | FILES["en.door"] | FILES["en.receipt"]
SCRIPTS = sorted(FOLDER.rglob("*.js"))
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff]\s*[?!:;,()]|[?!:;,()]\s*[\u4e00-\u9fff]")
NAME = r"\{(?:seats?|time|amount|email|price)\}"
CROWDED = re.compile(rf"[\u4e00-\u9fff]{NAME}|{NAME}[\u4e00-\u9fff]")
USED_KEY = re.compile(r"""\bt\(\s*["']([a-z_.]+)["']""")


def test_there_are_english_and_chinese() -> None:
    assert set(LANGUAGES) == {"en", "zh"} == set(CHOICES)    # what the pages may say of their reader


@pytest.mark.parametrize("part", ["", *(f".{part}" for part in sorted(PARTS))])
def test_every_language_has_the_same_sentences(part: str) -> None:
    assert list(FILES[f"en{part}"]) == list(FILES[f"zh{part}"])


def test_a_sentence_stands_in_one_file() -> None:
    assert [key for part in PARTS for key in FILES[f"en.{part}"] if key in FILES["en"]] == []


def test_a_sentence_names_the_same_facts_in_both_languages() -> None:
    facts = {name: {key: set(re.findall(r"\{\w+\}", sentence)) for key, sentence in words.items()}
             for name, words in FILES.items()}
    assert [name for name in facts if facts[name] != facts[name.replace("zh", "en")]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_a_sentence_for_people(language: str) -> None:
    assert {f"refusal.{code}" for code in [*catalogue.refusals(), "offline"]} == {
        key for key in LANGUAGES[language] if key.startswith("refusal.")}


@pytest.mark.parametrize(("name", "values"), [
    ("kind", film.SEAT_KINDS), ("state", film.SEAT_STATES), ("reason", film.SEAT_REASONS),
    ("status", order.ORDER_STATES), ("kitchen", kitchen.KITCHEN_STATES), ("points", loyalty.ENTRY_REASONS),
    ("wallet", wallet.SOURCE_TYPES), ("message", notification.MESSAGE_KINDS),
    ("door.result", order.ADMISSION_RESULTS),
    ("receipt.by", WAYS_TO_PAY), ("receipt.to", REFUNDED_TO), ("receipt.what", receipts.REFUND_KINDS),
    ("receipt.refund", receipts.REFUND_STATES)])
def test_every_word_of_the_api_is_translated(name: str, values: tuple[str, ...]) -> None:
    assert [value for value in values if f"{name}.{value}" not in ENGLISH] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_sentence_that_a_script_uses_exists(script: Path) -> None:
    english = LANGUAGES["en"] | FILES.get(f"en.{script.parent.name}", {})
    used = USED_KEY.findall(script.read_text())
    assert [key for key in used if key not in english and f"{key}.other" not in english] == []


def test_chinese_has_its_own_punctuation_and_a_space_beside_names_and_numbers() -> None:
    sentences = {f"{name}:{key}": sentence for name, words in FILES.items() if name.startswith("zh")
                 for key, sentence in words.items()} | sandbox.WORDS["zh"]
    assert {key: text for key, text in sentences.items() if HALF_WIDTH.search(text) or CROWDED.search(text)} == {}
