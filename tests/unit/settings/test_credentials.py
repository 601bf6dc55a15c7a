"""References to secrets: what they lead to, and that nothing shows it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import UserError
from connector.settings import (
    Credential,
    FileStamps,
    SecretReader,
    files_to_watch,
    fingerprint,
    is_reference,
    load_rooms,
    load_settings,
    secret_reader,
)
from connector.vault import SecretStore, Vault, VaultError


def reader(base: Path, **environ: str) -> SecretReader:
    return SecretReader(environ, base, {"stored": "it:works"}.get)


@pytest.mark.parametrize(
    ("text", "username", "password"),
    [
        ("integrator:pass", "integrator", "pass"),
        ("pass", "admin", "pass"),
        (":pass:word", "admin", "pass:word"),
        ("integrator:pa:ss word ", "integrator", "pa:ss word "),
        ("integrator\npa:ss", "integrator", "pa:ss"),
        ("integrator\r\npass", "integrator", "pass"),
    ],
)
def test_forms_of_a_credential(tmp_path: Path, text: str, username: str, password: str) -> None:
    assert reader(tmp_path, ROOM=text).credential("env:ROOM") == Credential(username, password)
    (tmp_path / "room").write_text(text + "\n", newline="")
    assert reader(tmp_path).credential("file:room") == Credential(username, password)


def test_a_vault_reference_is_looked_up(tmp_path: Path) -> None:
    assert reader(tmp_path).credential("vault:stored") == Credential("it", "works")


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("env:NONE", "env:NONE: the environment variable NONE is not set."),
        ("env:EMPTY", "env:EMPTY: the environment variable EMPTY is not set."),
        ("env:THREE", "env:THREE: this has 3 lines; write username:password, or two lines."),
        (
            "env:TWICE",
            "env:TWICE: two lines are a user name and a password; the first has a colon: write it once.",
        ),
        ("env:USER_ONLY", "env:USER_ONLY: the password is empty."),
        ("vault:none", "vault:none: the vault has no secret of that name; add it with: connector secrets set none."),
        ("file:none", "file:none: {base}/none cannot be read: No such file or directory."),
        ("file:empty", "file:empty: {base}/empty is empty."),
        ("file:binary", "file:binary: {base}/binary is not UTF-8 text."),
        ("file:large", "file:large: {base}/large is larger than a secret can be."),
        ("hunter2", "A secret must be a reference: env:NAME, file:PATH or vault:NAME."),
    ],
)
def test_what_is_missing_is_a_sentence(tmp_path: Path, reference: str, sentence: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    with pytest.raises(UserError) as caught:
        found = reader(tmp_path, EMPTY="", THREE="a\nb\nhunter2", TWICE="me:hunter2\nme:hunter2", USER_ONLY="me:")
        found.credential(reference)
    assert str(caught.value) == sentence.format(base=tmp_path)


def test_a_file_that_everybody_may_read_is_cautioned_of(tmp_path: Path) -> None:
    path = tmp_path / "room"
    path.write_text("x")
    path.chmod(0o644)
    assert reader(tmp_path).caution("file:room") == f"{path} can be read by everybody; run: chmod 600 {path}"
    path.chmod(0o600)
    assert reader(tmp_path).caution("file:room") is None
    assert reader(tmp_path).caution("file:none") is None
    assert reader(tmp_path).caution("env:ROOM") is None


def test_nothing_shows_the_password(tmp_path: Path) -> None:
    secrets = reader(tmp_path, ROOM="me:hunter2")
    credential = secrets.credential("env:ROOM")
    assert credential.password == "hunter2"
    assert "hunter2" not in repr(credential) + str(credential) + repr(secrets) + str(secrets)


@given(st.text())
def test_only_references_are_references(text: str) -> None:
    if is_reference(text):
        assert text.partition(":")[0] in ("env", "file", "vault")
        assert text.isprintable() or text.startswith("file:")


def test_a_fingerprint_tells_credentials_and_vaults_apart(tmp_path: Path) -> None:
    one, other = Vault.open(tmp_path / "one.key"), Vault.open(tmp_path / "other.key")
    credential = Credential("admin", "hunter2")
    seen = fingerprint(credential, one.hmac)
    assert seen == fingerprint(Credential("admin", "hunter2"), Vault.open(tmp_path / "one.key").hmac)
    assert "hunter2" not in seen
    different = {
        fingerprint(Credential("admin", "hunter3"), one.hmac),
        fingerprint(Credential("adminh", "unter2"), one.hmac),
        fingerprint(credential, other.hmac),
    }
    assert len(different | {seen}) == 4


def test_the_reader_of_settings_opens_the_vault_only_for_the_vault(tmp_path: Path) -> None:
    (tmp_path / "connector.toml").touch()
    settings = load_settings(tmp_path, {}).settings
    secrets = secret_reader(settings, {"ROOM": "x"})
    assert secrets.secret("env:ROOM") == "x"
    with pytest.raises(UserError, match="the vault has no secret of that name"):
        secrets.secret("vault:room")
    assert not settings.data_dir.exists()
    SecretStore(settings.secrets_file, Vault.open(settings.key_file)).set("room", "me:pw")
    assert secrets.credential("vault:room") == Credential("me", "pw")
    settings.key_file.unlink()
    with pytest.raises(VaultError, match="is missing: it is the master key"):
        secrets.secret("vault:room")
    assert not settings.key_file.exists()  # a new key would only hide that the old one is gone


def test_a_change_of_any_input_is_seen(tmp_path: Path) -> None:
    (tmp_path / "connector.toml").write_text("[calendars.dav]\ntype = 'caldav'\npassword = 'file:dav.pw'\n")
    (tmp_path / "our.pem").touch()
    (tmp_path / "rooms.csv").write_text(
        "id,calendar,device_type,ip_address,credential,tls\nr1,a.ics,cisco,10.0.0.1,file:room.pw,ca:our.pem\n"
    )
    loaded = load_settings(tmp_path / "connector.toml", {})
    rooms = load_rooms(loaded.settings.rooms_file, loaded.settings, known_drivers=["cisco"]).rooms
    files = files_to_watch(loaded, rooms)
    names = ["connector.toml", "dav.pw", "our.pem", "room.pw", "rooms.csv", "secrets.sealed"]
    assert sorted(path.name for path in files) == names

    stamps = FileStamps.of(files)
    assert stamps.changed() == ()
    before = (tmp_path / "rooms.csv").stat()
    (tmp_path / "rooms.csv").write_text((tmp_path / "rooms.csv").read_text().replace("r1", "r2"))
    os.utime(tmp_path / "rooms.csv", ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same time
    (tmp_path / "room.pw").write_text("new")
    (tmp_path / "our.pem").unlink()
    (tmp_path / "connector.toml").touch()  # nothing in it changed
    assert sorted(path.name for path in stamps.changed()) == ["our.pem", "room.pw", "rooms.csv"]
    assert FileStamps.of(files) != stamps
    assert FileStamps.of(files) == FileStamps.of(files)
