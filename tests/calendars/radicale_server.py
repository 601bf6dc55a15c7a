"""A real CalDAV server, started by the tests on loopback with a folder and accounts of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote
from xml.sax.saxutils import escape

import httpx2

from tests.support import patience
from tests.support.servers import free_port

ACCOUNT, PASSWORD = "rooms", "correct-horse"
OTHER, OTHER_PASSWORD = "somebody", "battery-staple"


class RadicaleServer:
    """Each account owns its calendars; nobody else may read them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        (self._folder / "users").write_text(f"{ACCOUNT}:{PASSWORD}\n{OTHER}:{OTHER_PASSWORD}\n")
        self.port = free_port()
        config = self._folder / "config"
        config.write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {self._folder / 'users'}\nhtpasswd_encryption = plain\n"
            f"delay = 0\n[storage]\nfilesystem_folder = {self._folder / 'store'}\n[rights]\ntype = owner_only\n"
        )
        with (self._folder / "log").open("wb") as log:
            command = [sys.executable, "-m", "radicale", "--config", str(config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._wait_until_ready(self._process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(patience.seconds(10))

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + patience.seconds(30)
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                threading.Event().wait(0.05)
                continue
            return
        raise RuntimeError((self._folder / "log").read_text())

    async def make_calendar(self, segment: str, name: str = "", *, account: str = ACCOUNT) -> str:
        """Its path. ``segment`` is the last part of it, unescaped."""
        path = f"/{account}/{quote(segment, safe='')}/"
        body = (
            '<?xml version="1.0"?><C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>'
            f"<D:displayname>{escape(name or segment)}</D:displayname></D:prop></D:set></C:mkcalendar>"
        )
        await self._send("MKCALENDAR", path, body.encode(), account)
        return path

    async def put(self, path: str, data: bytes) -> None:
        await self._send("PUT", path, data)

    async def delete(self, path: str) -> None:
        await self._send("DELETE", path, b"")

    async def _send(self, method: str, path: str, body: bytes, account: str = ACCOUNT) -> None:
        password = PASSWORD if account == ACCOUNT else OTHER_PASSWORD
        async with httpx2.AsyncClient(auth=(account, password), trust_env=False, timeout=patience.seconds(20)) as http:
            answer = await http.request(method, f"http://127.0.0.1:{self.port}{path}", content=body)
            assert answer.is_success, (method, path, answer.status_code, answer.text[:200])
