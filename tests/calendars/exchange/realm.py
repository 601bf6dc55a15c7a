"""A Kerberos realm of its own: MIT's KDC from Debian on a loopback port, with its files in one folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import patience
from tests.support.servers import free_port

NAME = "EXAMPLE.ORG"
ACCOUNT = "svc-rooms"
SERVICE = "HTTP/127.0.0.1"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # where Debian has it, and people have not


@dataclass(frozen=True, slots=True)
class Realm:
    """``environment``: what makes a process of the account's belong to it. ``keytab``: the service's."""

    environment: dict[str, str]
    keytab: Path


@contextmanager
def realm(folder: Path) -> Iterator[Realm]:
    """With the account and the service; both have random keys, which only the keytabs hold."""
    port = free_port()
    files = {"KRB5_CONFIG": folder / "krb5.conf", "KRB5_KDC_PROFILE": folder / "kdc.conf"}
    files["KRB5_CONFIG"].write_text(
        f"[libdefaults]\n default_realm = {NAME}\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n"
        f" rdns = false\n udp_preference_limit = 1\n[realms]\n {NAME} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
        f"[domain_realm]\n 127.0.0.1 = {NAME}\n"
    )
    files["KRB5_KDC_PROFILE"].write_text(
        f'[kdcdefaults]\n kdc_listen = ""\n kdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n {NAME} = {{\n'
        f"  database_name = {folder}/principals\n  key_stash_file = {folder}/stash\n }}\n"
        f"[logging]\n kdc = FILE:{folder}/kdc.log\n"
    )
    environment = {name: str(file) for name, file in files.items()}
    _run(environment, "kdb5_util", "create", "-s", "-P", "only-for-this-test", "-r", NAME)
    keytabs = {name: folder / f"{name.partition('/')[0]}.keytab" for name in (ACCOUNT, SERVICE)}
    for name, keytab in keytabs.items():
        _run(environment, "kadmin.local", "addprinc", "-randkey", name)
        _run(environment, "kadmin.local", "ktadd", "-k", str(keytab), name)
    process = subprocess.Popen([_program("krb5kdc"), "-n"], env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        environment |= {"KRB5_CLIENT_KTNAME": str(keytabs[ACCOUNT]), "KRB5CCNAME": f"FILE:{folder}/tickets"}
        yield Realm(environment, keytabs[SERVICE])
    finally:
        process.terminate()
        process.wait(patience.seconds(10))


def _run(environment: dict[str, str], program: str, *arguments: str) -> None:
    command = [_program(program), *arguments]
    subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, timeout=patience.seconds(30))


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found is not None, f"{name} is missing: python3 scripts/setup.py programs"
    return found


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < until, "the KDC does not answer"
            time.sleep(0.02)
