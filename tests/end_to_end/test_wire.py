"""What stands between the daemon and its units, with the real daemon: sessions left behind, old TLS, dead names."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.world import Site, served
from tests.end_to_end.test_bad_input import HALF_HOUR, ONE, TWO, command, running, soon, until_said
from tests.support.patience import until


async def test_a5_a_killed_daemon_leaves_no_session_for_long(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=1, with_sip=False) as site:
        unit = site.units[ONE]
        for round_ in range(3):
            async with running(site) as daemon:
                site.book(ONE, soon(3600 + 60 * round_), HALF_HOUR)
                await until(lambda: len(unit.screen()) == 1 and served(daemon), "it works")
                await until(lambda: len(unit.state.sessions) == 1, "one session is open, and none of before")
                if round_ < 2:
                    await daemon.kill()
        assert unit.state.sessions == set()
        assert unit.state.sessions_begun == 3
        database = b"".join(path.read_bytes() for path in tmp_path.rglob("connector.db*"))
        assert b"SecureSessionId" not in database


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
async def test_f6_the_probe_uses_the_rooms_options(version: ssl.TLSVersion, tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=1, with_sip=False) as site:
        unit = site.units[ONE]
        oldest = "1.0" if version is ssl.TLSVersion.TLSv1 else "1.1"
        certificate = unit.service.certificate
        assert certificate is not None
        certificate.context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning):
            certificate.context.minimum_version = certificate.context.maximum_version = version
        refused = await command(site, "devices", "probe", ONE)
        assert refused.status == 1
        assert f"tls_minimum = {oldest}" in refused.errors, refused.errors
        site.template = f'auto_join = true\noptions = {{ tls_minimum = "{oldest}" }}'
        site.write_settings()
        probe = await command(site, "devices", "probe", ONE)
        assert probe.status == 0, probe.errors
        assert f"pin:{certificate.pin}" in probe.output


async def test_f7_a_port_that_speaks_no_tls_has_a_state_of_its_own(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=2, with_sip=False) as site:
        plain = site.units[TWO]
        await plain.service.stop()
        plain.service.certificate = None
        await plain.service.start()
        async with running(site) as daemon:
            await until_said(daemon, "unit.not_https", "does not speak HTTPS", room=TWO)
            await until(lambda: ONE in served(daemon), "the other works")
        assert plain.requests() == 0
        status = await command(site, "devices", "status")
        assert "not_https" in status.output


async def test_f1_names_that_nobody_answers_delay_no_room(tmp_path: Path) -> None:
    """Names below .invalid: the system's own resolver, whatever it does with them."""
    async with Site(tmp_path, rooms=12, with_sip=False) as site:
        dead = [room for room in site.units if room not in (ONE, TWO)]
        site.write_rooms(**{room: {"ip_address": f"{room}.codec.invalid", "tls": ""} for room in dead})
        async with running(site) as daemon:
            await until(lambda: {ONE, TWO} <= served(daemon), "the others work")
            site.book(ONE, soon(3600), timedelta(minutes=30))
            await until(lambda: len(site.units[ONE].screen()) == 1, "and their changes come at once", 3)
