"""Every composed sample gives what a person reads in it; no wrong dial, whatever the form."""

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.detection.files import read_content
from tests.unit.detection.adversarial import SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name: str) -> None:
    sample = SAMPLES[name]
    content = read_content(sample.content.encode())
    join = detect(content.texts, cancelled=content.cancelled)
    found = {
        field: next(iter(getattr(join, field)), None) if field in ("sip", "h323") else getattr(join, field)
        for field in sample.wanted
    }
    assert found == sample.wanted
    assert join.joinable or not (join.sip or join.h323)
