"""``[[rules]]`` and the words about addresses in connector.toml: loaded, shown with their origin, mistakes told."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import UserError
from connector.settings import LoadedSettings, effective, load_settings

GOOD = """
[dialing]
internal_domains = ["Example.org"]
zoom_gateways = ["US West = 192.0.2.10", "192.0.2.11"]
[templates.default]
region = "US West"
zoom_host = "zmeu.us"
zoom_options = ["504", "100003"]
[[rules]]
name = "bridge"
match = 'bridge (?P<n>\\d+)'
address = "{n}@vc.example.org"
[[rules]]
name = "bad"
match = '('
address = "1@vc.example.org"
[[rules]]
name = "quiet"
organiser = "external"
action = "no_button"
"""


def load(folder: Path, text: str) -> LoadedSettings:
    (folder / "connector.toml").write_text(text, encoding="utf-8")
    return load_settings(folder / "connector.toml", {})


def test_a_bad_rule_is_a_sentence_and_the_others_are_in_force(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD)
    assert [rule.name for rule in loaded.settings.compiled_rules.rules] == ["bridge", "quiet"]
    (problem,) = loaded.problems
    assert problem.startswith("connector.toml") and "rule 2 (bad) is left out" in problem


def test_values_and_where_they_came_from(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD)
    assert dict(effective(loaded.settings))["rules.0.name"] == "bridge"
    assert loaded.origins["rules.0.match"] == "connector.toml, line 11"
    assert loaded.origins["rules.2.name"] == "connector.toml, line 18"
    policy = loaded.settings.policy("default")
    assert (policy.region, policy.zoom_host, policy.zoom_options) == ("US West", "zmeu.us", ("504", "100003"))
    assert policy.zoom_gateways == (("US West", "192.0.2.10"), ("", "192.0.2.11"))
    assert loaded.settings.compiled_rules.internal_domains == ("example.org",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[rules]\nname = 'x'\n", "write [[rules]]"),
        ("rules = 'x'\n", "write [[rules]]"),
        ("[templates.default]\nzoom_options = ['50']\n", "three or six digits"),
        ("[templates.default]\nzoom_host = 'not a host'\n", "is not a domain"),
        ("[dialing]\nzoom_gateways = ['US West']\n", "region = address"),
    ],
)
def test_what_stops_the_file(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    assert words in str(caught.value)
