"""A stranger's service is one file: the page of the documentation has two of them, and they work beside the others.

The file is put where the page says, in a copy of the package, and the real command is run there.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connector.detection.services import SERVICES
from tests.support import patience

pytestmark = pytest.mark.slow  # starts programs

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "add-a-meeting-service.md").read_text(encoding="utf-8")
DATA, CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
INVITATION, OUTPUT = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "connector", folder / "connector", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def add(checkout: Path, text: str) -> None:
    (checkout / "connector" / "detection" / "services" / "acme.py").write_text(text, encoding="utf-8")


def run(checkout: Path, invitation: str, *options: str) -> subprocess.CompletedProcess[str]:
    (checkout / "invitation.txt").write_text(invitation, encoding="utf-8")
    command = [sys.executable, "-B", "-m", "connector", "detect", "invitation.txt", *options]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=patience.seconds(60))


def detected(checkout: Path, invitation: str) -> dict[str, Any]:
    done = run(checkout, invitation, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_service_that_is_data_prints_what_the_page_says(checkout: Path) -> None:
    add(checkout, DATA)
    assert run(checkout, INVITATION).stdout == OUTPUT


def test_it_stands_beside_the_others_and_mixes_nothing(checkout: Path) -> None:
    add(checkout, DATA)
    both = detected(checkout, f"{INVITATION}\nhttps://zoom.us/j/81920374655\nPasscode: 004618")
    assert (both["service"], both["sip"], both["passcode"]) == ("acme", ["445566@sip.acme.example"], None)
    swapped = detected(checkout, f"https://zoom.us/j/81920374655\n\n{INVITATION}\nPasscode: 004618")
    assert (swapped["service"], swapped["sip"]) == ("zoom", ["81920374655@zoomcrc.com"])


def test_the_service_that_needs_code_finds_its_passcode(checkout: Path) -> None:
    add(checkout, CODE)
    found = detected(checkout, "Join: https://meet.acme.example/r/445566\nPasscode: 0042\nsip:other@example.org")
    assert (found["service"], found["meeting_id"], found["sip"]) == (
        "acme",
        "445566",
        ["445566.0042@sip.acme.example"],
    )
    assert all("0042" not in line["shown"] + line["reason"] for line in found["evidence"])


def test_a_file_that_is_no_service_is_named_with_what_it_needs(checkout: Path) -> None:
    add(checkout, 'service = "acme"\n')
    done = run(checkout, INVITATION)
    assert done.returncode != 0
    assert "connector.detection.services.acme must have a line `service = Service(...)`" in done.stderr


def test_every_service_of_the_table_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "services.md").read_text(encoding="utf-8")
    assert [service.name for service in SERVICES if f"`{service.name}`" not in text] == []
