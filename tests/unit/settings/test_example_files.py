"""The files in config/ are what a newcomer copies: they must load without a complaint."""

from __future__ import annotations

from pathlib import Path

from connector.settings import COLUMNS, load_rooms, load_settings
from connector.settings.csv_reader import read_csv

CONFIG = Path(__file__).parents[3] / "config"


def test_the_example_rooms_load() -> None:
    settings = load_settings(CONFIG, {}).settings
    result = load_rooms(settings.rooms_file, settings, known_drivers=["cisco"])
    assert (result.problems, result.warnings) == ((), ())
    assert [(r.id, r.policy.auto_join) for r in result.rooms] == [("boardroom", True), ("huddle-2", False)]


def test_the_example_has_every_column() -> None:
    assert read_csv(CONFIG / "rooms.csv", COLUMNS, (), {}).columns == COLUMNS
