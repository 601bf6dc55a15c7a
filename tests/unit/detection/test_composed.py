"""Every composed text gives what a person reads in it, and joins by itself only where that is sure."""

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.detection.files import read_content
from connector.model import JoinInfo
from tests.unit.detection.composed import TEXTS


def value(join: JoinInfo, field: str) -> object:
    found = getattr(join, field)
    return next(iter(found), None) if field in ("sip", "h323") else found


@pytest.mark.parametrize("name", TEXTS)
def test_composed(name: str) -> None:
    text = TEXTS[name]
    content = read_content(text.text.encode())
    join = detect(content.texts, cancelled=content.cancelled)
    assert {field: value(join, field) for field in text.wanted} == text.wanted
    assert bool(join.no_auto_join) is not text.auto
