"""A small programme file for tests to change."""

import datetime as dt
from pathlib import Path

NOW = dt.datetime(2026, 11, 25, 8, 0, tzinfo=dt.UTC)
CLEANING = dt.timedelta(minutes=15)

SMALL = """\
days: 3
films:
  - id: arrival
    title: Arrival
    year: 2016
    running_minutes: 116
    director: Denis Villeneuve
    cast: [Amy Adams, Jeremy Renner]
    genres: [Science Fiction]
    rating: PG-13
  - id: hero
    title: 英雄
    year: 2002
    running_minutes: 99
    director: Zhang Yimou
    cast: [Jet Li]
    genres: [Action]
    rating: PG-13
cinemas:
  - id: kanal
    name: Kino am Kanal
    city: Berlin
    timezone: Europe/Berlin
    currency: EUR
    day_parts: {matinee: -200, weekend: 100}
    halls:
      - id: kanal-1
        name: Saal 1
        price: 1000
        surcharges: {premium: 300}
        plan: |
          ssss
          pp_wc
        screenings:
          - at: [17:00, 19:30]
            films: [arrival, hero]
sold:
  - {hall: kanal-1, day: 0, screening: 2, share: 0.5}
  - {hall: kanal-1, day: 1, screening: 1, share: 1}
  - {hall: kanal-1, day: 1, screening: 7, share: 1}
"""
MENU = """    menu:
      - {sku: cola, name: Cola, name_zh: 可乐, category: drink, price: 300, stock: 20}
      - {sku: popcorn, name: Popcorn, category: popcorn, price: 500, stock: 5}
"""
WITH_MENU = SMALL.replace("    halls:\n", MENU + "    halls:\n")


def changed(*changes: tuple[str, str]) -> str:
    """SMALL with some of its text replaced."""
    text = SMALL
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the sample"
        text = text.replace(old, new)
    return text


def line_of(words: str, text: str = SMALL) -> int:
    """The line, from 1, of the first occurrence of these words."""
    return text[: text.index(words)].count("\n") + 1


def written(folder: Path, text: str = SMALL) -> Path:
    path = folder / "programme.yml"
    path.write_text(text, encoding="utf-8")
    return path
