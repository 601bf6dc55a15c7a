"""Cells of rooms.csv are changed and every other byte stays, whatever a spreadsheet or an editor made of the file."""

from __future__ import annotations

import os
import tempfile
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.settings.csv_reader import read_csv
from connector.settings.csv_writer import Cannot, NotWritten, Sheet
from connector.settings.replace_file import keep_owner
from connector.settings.rooms import ALIASES, COLUMNS

NAMES = {name: name for name in COLUMNS} | ALIASES
PIN = "pin:" + "ab" * 32


def sheet(data: bytes, path: Path = Path("rooms.csv")) -> Sheet:
    return Sheet(path, data, NAMES)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"id,tls,notes\nr1,verify,x\n", f"id,tls,notes\nr1,{PIN},x\n"),
        (b"id;tls;notes\r\nr1;;x\r\n", f"id;tls;notes\r\nr1;{PIN};x\r\n"),
        (b'"id","tls","notes"\r"r1","","x"', f'"id","tls","notes"\r"r1","{PIN}","x"'),
        (b'"id","tls","notes"\n"r1",,"x"', f'"id","tls","notes"\n"r1","{PIN}","x"'),
        (b"id, TLS ,notes\nr1, off ,x\n", f"id, TLS ,notes\nr1, {PIN} ,x\n"),
        (b"id,notes,tls\nr1,x\n", f"id,notes,tls\nr1,x,{PIN}\n"),
        (b"id,notes\nr1,x\n", f"id,notes,tls\nr1,x,{PIN}\n"),
        (b"id,notes\nr1\n", f"id,notes,tls\nr1,,{PIN}\n"),
        (b"\xef\xbb\xbfid\ttls\r\nr1\toff\r\n", f"\ufeffid\ttls\r\nr1\t{PIN}\r\n"),
    ],
)
def test_the_manner_of_the_file_stays(before: bytes, after: str) -> None:
    assert sheet(before).changed({2: {"tls": PIN}}).decode() == after


def test_comments_blank_lines_and_the_separators_line_stay() -> None:
    before = b'sep=;\n# rooms\n\nid;tls;notes\n# r0;off;x\n\nr1;off;\xe4 "so"\n\n  \nr2;off;y'
    made = sheet(before).changed({7: {"tls": PIN}})
    assert made == before.replace(b"r1;off", b"r1;" + PIN.encode())


def test_a_row_of_several_lines() -> None:
    before = b'id,notes,tls\nr1,"one\ntwo ""x"", ",off\nr2,,off\n'
    assert sheet(before).changed({2: {"tls": PIN}, 4: {"tls": "verify"}}) == (
        b'id,notes,tls\nr1,"one\ntwo ""x"", ",' + PIN.encode() + b"\nr2,,verify\n"
    )


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_unicode_text_of_spreadsheets(codec: str) -> None:
    before, after = "\ufeffid\ttls\tnotes\r\nr1\t\tü\r\n", f"\ufeffid\ttls\tnotes\r\nr1\t{PIN}\tü\r\n"
    assert sheet(before.encode(codec)).changed({2: {"tls": PIN}}) == after.encode(codec)


def test_text_that_the_delimiter_or_a_quote_is_in_is_quoted() -> None:
    assert sheet(b"id,notes\nr1,x\n").changed({2: {"notes": '5" off, now'}}) == b'id,notes\nr1,"5"" off, now"\n'


def test_lines_say_what_would_change() -> None:
    (line,) = sheet(b"# c\nid,tls\nr1,off\n").lines({3: {"tls": "verify"}})
    assert (line.number, line.old, line.new) == (3, "r1,off", "r1,verify")
    assert sheet(b"id,tls\nr1,off\n").lines({2: {"tls": "off"}}) == ()


def test_a_row_that_is_not_there() -> None:
    for number in (1, 4):
        with pytest.raises(Cannot):
            sheet(b"id,tls\nr1,off").changed({number: {"tls": "verify"}})


# ------------------------------------------------------------------------------------ any file

_TEXT = st.text(st.sampled_from("ab1 ,;\"'#=ü\t:-"), max_size=6)
_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    delimiter, end = draw(st.sampled_from([",", ";", "\t"])), draw(_ENDS)
    quotes = draw(st.sampled_from(["all", "needed", "some"]))

    def written(cell: str) -> str:
        needs = any(c in cell for c in (delimiter, '"', "\r", "\n"))
        quoted = needs or quotes == "all" or (quotes == "some" and draw(st.booleans()))
        return '"' + cell.replace('"', '""') + '"' if quoted else cell

    lines = [delimiter.join(map(written, ["id", "tls", "notes", "ip_address"]))]
    if delimiter != "\t" and draw(st.booleans()):
        lines.insert(0, f"sep={delimiter}")
    for number in range(draw(st.integers(1, 5))):
        lines += draw(st.lists(st.sampled_from(["", "# x,y", "  ", 'broken "', "a,b;c\td,e;f\tg"]), max_size=2))
        note = draw(_TEXT) + draw(st.sampled_from(["", f"{end}more"]))
        cells = [f"r{number}", draw(st.sampled_from(["", "off", " verify"])), note, "10.0.0.1"]
        lines.append(delimiter.join(map(written, cells)))
    text = draw(st.sampled_from(["", "\ufeff"])) + end.join(lines) + draw(st.sampled_from(["", end]))
    codec = draw(st.sampled_from(["utf-8", "utf-16-le"]))
    return ("\ufeff" + text.lstrip("\ufeff")).encode(codec) if codec != "utf-8" else text.encode()


@given(data=files(), value=st.sampled_from([PIN, "verify", "", 'a "b", c;d']), column=st.sampled_from(["tls", "notes"]))
def test_only_what_was_named_changes(
    data: bytes, value: str, column: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("sheet") / "rooms.csv"
    file.write_bytes(data)
    before = read_csv(file, COLUMNS, (), ALIASES)
    opened = Sheet.read(file, NAMES)
    same = {row.line: {c: row.cells.get(c, "") for c in ("id", "tls", "notes")} for row in before.rows}
    assert opened.changed(same) == data
    for row in before.rows:
        lines = opened.write({row.line: {column: value}})
        after = read_csv(file, COLUMNS, (), ALIASES)
        cells = {c: v for c, v in (dict(row.cells) | {column: value}).items() if v}
        assert [dict(r.cells) for r in after.rows] == [cells if r is row else dict(r.cells) for r in before.rows]
        assert len(after.problems) == len(before.problems)
        made = file.read_bytes()
        if lines:
            codec = "utf-16-le" if data[:2] == b"\xff\xfe" else "utf-8"
            (line,) = lines
            old, new = line.old.encode(codec), line.new.encode(codec)
            at = next(i for i in range(len(data)) if data[:i] + new + data[i + len(old) :] == made)
            assert data[at : at + len(old)] == old
        else:
            assert made == data
        file.write_bytes(data)


# ------------------------------------------------------------------------------------ the disk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rooms.csv"
    path.write_bytes(b"id,tls\nr1,off\n")
    return path


CHANGE = {2: {"tls": "verify"}}


def test_mode_and_link_stay(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    link = tmp_path / "sub" / "link.csv"
    link.parent.mkdir()
    link.symlink_to(Path("..") / "rooms.csv")
    Sheet.read(link, NAMES).write(CHANGE)
    assert link.is_symlink() and file.read_bytes() == b"id,tls\nr1,verify\n"
    assert file.stat().st_mode & 0o7777 == 0o640
    assert {p.name for p in tmp_path.iterdir()} == {"rooms.csv", "sub"}


def test_owner_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _, user, group: given.append((user, group)))
    Sheet.read(file, NAMES).write(CHANGE)
    assert given == [(-1, file.stat().st_gid), (file.stat().st_uid, -1)]


@pytest.mark.parametrize(
    ("mode", "group", "kept"), [(0o600, 0, False), (0o640, 0, True), (0o640, 1, False), (0o644, 1, True)]
)
def test_who_could_read_it_still_can(
    mode: int, group: int, kept: bool, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's file, in a folder where this one may write. ``group``: 0 is this user's own."""

    def denied(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", denied)
    now = file.stat()
    before = os.stat_result((0o100000 | mode, 1, 1, 1, now.st_uid + 1, now.st_gid + group, 0, 0, 0, 0))
    with file.open("rb") as made, nullcontext() if kept else pytest.raises(PermissionError, match="its owner"):
        keep_owner(made.fileno(), before)


def refused(opened: Sheet) -> str:
    with pytest.raises(NotWritten) as caught:
        opened.write(CHANGE)
    (line,) = caught.value.lines
    assert (line.number, line.old, line.new) == (2, "r1,off", "r1,verify")
    return str(caught.value)


def test_what_somebody_wrote_meanwhile_is_kept(file: Path, tmp_path: Path) -> None:
    opened = Sheet.read(file, NAMES)
    file.write_bytes(b"id,tls\nr1,off\nr2,off\n")
    assert "changed it meanwhile" in refused(opened)
    assert file.read_bytes() == b"id,tls\nr1,off\nr2,off\n"
    assert [p.name for p in tmp_path.iterdir()] == ["rooms.csv"]


def test_a_file_that_is_gone(file: Path) -> None:
    opened = Sheet.read(file, NAMES)
    file.unlink()
    assert "No such file" in refused(opened)
    assert not file.exists()


@pytest.mark.parametrize("at", ["replace", "fsync", "mkstemp"])
def test_a_disk_that_fails(at: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    opened = Sheet.read(file, NAMES)
    with monkeypatch.context() as patched:
        patched.setattr({"replace": Path, "fsync": os}.get(at, tempfile), at, fails)
        assert "No space left" in refused(opened)
    assert file.read_bytes() == b"id,tls\nr1,off\n"
    assert [p.name for p in tmp_path.iterdir()] == ["rooms.csv"]


def test_a_write_protected_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    assert "write-protected" in refused(Sheet.read(file, NAMES))


def test_what_would_not_read_back_is_not_written(file: Path) -> None:
    """With a column more, the second row would be as wide as the header, and be one."""
    before = b"id,notes\nr1,x\nr2,,y\n"
    file.write_bytes(before)
    with pytest.raises(NotWritten, match="left to you"):
        Sheet.read(file, NAMES).write({2: {"tls": "off"}})
    assert file.read_bytes() == before
