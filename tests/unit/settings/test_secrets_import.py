"""connector secrets import: all of a file or nothing of it, and no value on the screen."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from connector.cli.commands.secrets import secrets_group
from connector.errors import UserError
from connector.settings import load_settings, secret_reader

app = click.Group(commands=[secrets_group])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "connector.toml").write_text("")
    (tmp_path / "rooms.csv").write_text("id,calendar,device_type,ip_address\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bring(folder: Path, data: str | bytes, *options: str) -> str:
    (folder / "list.csv").write_bytes(data.encode() if isinstance(data, str) else data)
    result = CliRunner().invoke(app, ["secrets", "import", "list.csv", *options])
    if isinstance(result.exception, UserError):
        assert "hunter" not in str(result.exception)
        raise result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    assert "hunter" not in result.output
    return result.output


def value(folder: Path, name: str) -> str:
    return secret_reader(load_settings(folder, os.environ).settings, {}).secret(f"vault:{name}")


def stored(folder: Path) -> list[str]:
    return CliRunner().invoke(app, ["secrets", "list"]).stdout.split()


@pytest.mark.parametrize(
    "data",
    [
        "name,value\nr1,admin:hunter2\nr2,hunter=3\n",
        "r1,admin:hunter2\r\nr2,hunter=3",
        "sep=;\r\nName;Value;\r\nr1;admin:hunter2;\r\n\r\n# r3;x\r\nr2;hunter=3;\r\n",
        '"name"\t"value"\n"r1"\t"admin:hunter2"\nr2\thunter=3\n',
        "# passwords\nr1=admin:hunter2\n\n r2 =hunter=3\n",
        "\ufeffr1=admin:hunter2\r\nr2=hunter=3\r\n",
        "\ufeffname,value\r\nr1,admin:hunter2\r\nr2,hunter=3\r\n".encode("utf-16-le"),
    ],
)
def test_both_forms(data: str | bytes, folder: Path) -> None:
    output = bring(folder, data)
    assert "2 new, 0 replaced" in output and "Delete list.csv now" in output
    assert (value(folder, "r1"), value(folder, "r2")) == ("admin:hunter2", "hunter=3")


def test_values_stay_as_they_are(folder: Path) -> None:
    bring(folder, 'r1,"a ""b"", hunter;c"\nkey,"-----BEGIN\nhunter\n-----END"\n')
    assert value(folder, "r1") == 'a "b", hunter;c'
    assert value(folder, "key") == "-----BEGIN\nhunter\n-----END"
    bring(folder, "r2=a,b;'c' #d\n")
    assert value(folder, "r2") == "a,b;'c' #d"


def test_all_mistakes_at_once_and_nothing_stored(folder: Path) -> None:
    bring(folder, "old=hunter1\n")
    rows = ['ok,hunter2', 'hunter 3,x', 'r4,', 'r5,"hunter', 'ok,hunter6', 'r7,hunter,7', 'r8', 'r9,hunter9 ',
            'old,hunter10', 'r11,"hunter"11', 'fine,hunter12']  # fmt: skip
    with pytest.raises(UserError) as caught:
        bring(folder, "\n".join(rows))
    rows_named = [problem.split(":")[0] for problem in caught.value.problems]
    assert rows_named == [f"list.csv, row {n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 9)] + ["Nothing was stored."]
    assert stored(folder) == ["old"]
    assert value(folder, "old") == "hunter1"


def test_mistakes_of_lines(folder: Path) -> None:
    with pytest.raises(UserError) as caught:
        bring(folder, "r1=hunter\nhunter2\nr3='hunter'\n=hunter4\nr5=\n")
    assert len(caught.value.problems) == 5
    assert not stored(folder)


def test_what_is_there_is_replaced_only_when_asked_to(folder: Path) -> None:
    bring(folder, "r1=hunter1\n")
    with pytest.raises(UserError, match="row 1: there is a secret r1 already"):
        bring(folder, "r1=hunter2\nr2=hunter2\n")
    assert stored(folder) == ["r1"]
    assert "1 new, 1 replaced" in bring(folder, "r1=hunter2\nr2=hunter2\n", "--replace")
    assert value(folder, "r1") == "hunter2"


@pytest.mark.parametrize("data", [b"", b"\n# r1=hunter\n", b"name,value\n", b"r1,hunter\xff\n", b"a" * 5_000_000])
def test_files_without_a_list(data: bytes, folder: Path) -> None:
    with pytest.raises(UserError):
        bring(folder, data)
    assert not stored(folder)


def test_a_file_that_is_not_there(folder: Path) -> None:
    result = CliRunner().invoke(app, ["secrets", "import", "nothing.csv"])
    assert isinstance(result.exception, UserError) and "nothing.csv cannot be read" in str(result.exception)
