"""A stranger's service is one file: the page of the documentation is that file, and it works beside the others."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from connector.detection import detect as module
from connector.detection.services import SERVICES
from connector.detection.services.base import Service
from tests.unit.detection.helpers import in_text

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "services.md"


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Service:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    stranger = ModuleType("stranger")
    exec(compile(code[1], str(PAGE), "exec"), stranger.__dict__)
    service = stranger.__dict__["service"]
    assert isinstance(service, Service)
    monkeypatch.setattr(module, "SERVICES", (*SERVICES[:-1], service, SERVICES[-1]))
    return service


def test_the_documented_service_finds_its_meeting(acme: Service) -> None:
    join = in_text("Join: https://meet.acme.example/r/445566\nPasscode: 0042\nsip:other@example.org")
    assert (join.service, join.meeting_id, join.sip) == (acme.name, "445566", ("445566.0042@sip.acme.example",))
    assert all("0042" not in line.shown + line.reason for line in join.evidence)


def test_it_stands_beside_the_others_and_mixes_nothing(acme: Service) -> None:
    both = in_text("https://meet.acme.example/r/445566\n\nhttps://zoom.us/j/81920374655\nPasscode: 004618")
    assert both.sip in (("445566@sip.acme.example",), ("81920374655.004618@zoomcrc.com",))
    assert in_text("https://zoom.us/j/81920374655").service == "zoom"


def test_every_service_of_the_table_is_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [service.name for service in SERVICES if f"`{service.name}`" not in text] == []
