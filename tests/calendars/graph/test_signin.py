"""Sign-in: secret and certificate, refusals that are final and those that are not, and the end that is told ahead."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.calendars.graph import GraphSource, plug
from connector.calendars.graph.auth import CLOUDS, identity_of_pem
from connector.errors import CredentialsRejected, SourceUnavailable, UserError
from tests.calendars.graph.harness import ROOM, SECRET, TUESDAY, Harness
from tests.calendars.graph.test_faults import refused
from tests.support import patience
from tests.support.certificates import issue, rsa_key

DAY = timedelta(days=1)


def pem(days: int = 90, passphrase: bytes = b"", other_key: bool = False, number: int = 0) -> tuple[str, str]:
    """(key and certificate, the certificate alone)."""
    made = issue(days=days, common_name="Room connector", key=rsa_key(number))
    shown = issue(common_name="-") if other_key else made
    public = made.pem().decode()
    return shown.key_pem(passphrase).decode() + public, public


async def test_a_certificate_signs_in(house: Harness) -> None:
    both, public = pem()
    config = house.options(certificate="file:graph.pem")
    del config["secret"]
    async with plug(config, house.context(secret=both)) as source:
        house.graph.signin.certificates.append(public)
        assert (await source.read(ROOM, TUESDAY)).events == ()
    async with plug(config, house.context(secret=pem(number=1)[0])) as stranger:
        error = await refused(stranger)
        assert isinstance(error, CredentialsRejected)
        assert "certificate is not registered" in str(error)
    assert "PRIVATE KEY" not in repr(source) + repr(identity_of_pem("t", "c", both))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("not a pem", "private key and the certificate"),
        (pem()[1], "private key and the certificate"),
        (pem(passphrase=b"x")[0], "passphrase"),
        (pem(other_key=True)[0], "must be an RSA key"),
        (pem()[0][: pem()[0].index("-----BEGIN CERT")] + pem(number=1)[1], "does not belong"),
        (pem()[0].replace("MII", "!!!"), "cannot be read"),
    ],
)
def test_certificates_that_are_none(house: Harness, text: str, word: str) -> None:
    config = house.options(certificate="file:graph.pem")
    del config["secret"]
    with pytest.raises(UserError) as caught:
        plug(config, house.context(secret=text))
    assert word in str(caught.value)
    assert "PRIVATE KEY-----" not in str(caught.value)


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        ("", "secret is wrong"),
        ("expired_secret", "has expired"),
        ("app_disabled", "disabled"),
        ("blocked", "Conditional Access"),
    ],
)
async def test_a_refused_credential_is_sent_once(house: Harness, trouble: str, word: str) -> None:
    house.graph.signin.trouble = trouble  # type: ignore[assignment]  # one of the words
    async with house.open(secret="wrong-secret" if not trouble else SECRET) as source:
        for _ in range(3):
            error = await refused(source)
            assert isinstance(error, CredentialsRejected)
            assert word in str(error)
            assert "wrong-secret" not in str(error)
    assert house.graph.signin.asked == 1


async def test_a_refused_app_recovers_by_itself(house: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody mended it in Entra, or Entra itself: nobody has to tell the connector."""
    monkeypatch.setattr("connector.calendars.graph.auth.APP_ASKED_AGAIN", timedelta(seconds=0.2))
    house.graph.signin.trouble = "app_disabled"
    async with house.open() as source:
        error = await refused(source)
        assert isinstance(error, CredentialsRejected)
        assert error.ask_again == timedelta(seconds=0.2)
        house.graph.signin.trouble = ""
        await asyncio.sleep(0.25)
        await source.read(ROOM, TUESDAY)
    assert house.graph.signin.asked == 2


async def test_an_app_that_is_not_there(house: Harness) -> None:
    async with house.open(client_id="00000000-0000-0000-0000-000000000000") as source:
        assert "no app with this client_id" in str(await refused(source))
    async with house.open(tenant="nowhere.example.org") as source:
        error = await refused(source)
        assert isinstance(error, SourceUnavailable), "nothing was refused: a typing error may be mended"
        assert "tenant" in str(error)


@pytest.mark.parametrize("trouble", ["unavailable", "throttled"])
async def test_bad_minutes_of_the_sign_in(house: Harness, trouble: str) -> None:
    house.graph.signin.trouble = trouble  # type: ignore[assignment]  # one of the words
    async with house.open() as source:
        assert type(await refused(source)) is SourceUnavailable
        house.graph.signin.trouble = ""
        if trouble == "unavailable":  # msal waits as long as it was told to: a second
            async with patience.timeout(5):
                while await _fails(source):
                    await asyncio.sleep(0.1)


async def _fails(source: GraphSource) -> bool:
    try:
        return (await source.read(ROOM, TUESDAY)).events != ()
    except SourceUnavailable:
        return True


async def test_a_good_token_outlives_bad_minutes_of_the_sign_in(house: Harness) -> None:
    house.graph.signin.token_life = 3
    async with house.open() as source:
        await source.read(ROOM, TUESDAY)
        house.graph.signin.trouble = "unavailable"
        source._http.tokens._renew_at = 0.0  # as if half of its life were over
        assert (await source.read(ROOM, TUESDAY)).events == ()
        source._http.tokens._renew_at = source._http.tokens._ends_at = 0.0
        assert type(await refused(source)) is SourceUnavailable


async def test_nobody_answers_and_wrong_certificates(house: Harness) -> None:
    nobody = "https://127.0.0.1:1"
    async with house.open(login=nobody) as source:
        assert "cannot be reached" in str(await refused(source))
    async with house.open(graph=nobody) as source:
        assert "no token" in str(await refused(source)), "a token for another service is not given"
    config = house.options()
    del config["ca_file"]
    async with plug(config, house.context()) as source:
        assert "ca_file" in str(await refused(source))


def test_a_certificate_says_when_it_ends() -> None:
    ends = identity_of_pem("t", "c", pem(days=40)[0]).expires
    assert ends is not None and abs(ends - datetime.now(UTC) - 40 * DAY) < timedelta(minutes=5)


async def test_the_end_is_told_at_the_start(house: Harness) -> None:
    soon = f"{datetime.now(UTC) + 5 * DAY:%Y-%m-%d}"
    async with house.open(secret_expires=soon) as source:
        await source.read(ROOM, TUESDAY)
    assert house.journal.names() == ["calendar.credential_expires"]
    async with house.open(secret_expires=soon) as source:  # after a restart
        await source.read(ROOM, TUESDAY)
    assert house.journal.names() == ["calendar.credential_expires"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"secret": ""}, ["one of certificate and secret"]),
        ({"certificate": "file:x"}, ["one of certificate and secret"]),
        ({"cloud": "mars"}, ["global, gcc-high, dod, china"]),
        ({"graph": "http://127.0.0.1"}, ["graph must begin with https"]),
        ({"secret_expires": "soon"}, ["2027-01-31"]),
        ({"tenant": "a/b"}, ["tenant must be"]),
        ({"ca_file": "/nowhere.pem"}, ["ca_file /nowhere.pem"]),
        ({"ca_file": __file__}, ["holds no certificate"]),
        ({"tennant": "x", "deadline": 0}, ["did you mean tenant", "deadline"]),
    ],
)
def test_mistakes_in_the_section(house: Harness, more: dict[str, object], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        plug(house.options(**more), house.context())
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("cloud", sorted(CLOUDS))
def test_national_clouds(house: Harness, cloud: str, tmp_path: Path) -> None:
    config = {"tenant": "t", "client_id": "c", "secret": "env:X", "cloud": cloud}
    source = plug(config, house.context())
    assert source._http.base == f"{CLOUDS[cloud].graph}/v1.0"
    assert SECRET not in repr(source)
