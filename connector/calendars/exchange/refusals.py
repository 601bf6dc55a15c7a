"""How often the server refused these credentials in a row, over restarts: a restart loop would lock the account."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from contextlib import suppress

from connector.calendars.base import Keep
from connector.calendars.exchange.signin import TRIES, SignIn
from connector.errors import ConnectorError

_KEY = "refusals"


class Refusals:
    """The credentials themselves are not kept, only a salted fingerprint of them, to know them again."""

    def __init__(self, keep: Keep, *credentials: str) -> None:
        self._keep = keep
        self._credentials = "\x1f".join(credentials).encode()
        self._noted = 0

    async def recall(self, signin: SignIn) -> None:
        """Raises what the keep raises. Other credentials are another matter."""
        stored = await self._keep.get(_KEY)
        if stored is None:
            return
        note = json.loads(stored)
        self._noted = note["count"]
        if hmac.compare_digest(self._print(bytes.fromhex(note["salt"])), note["print"]):
            signin.resume(self._noted, max(time.time() - note["at"], 0.0))
        else:
            await self.note(signin)

    async def note(self, signin: SignIn) -> None:
        """Written down where it changed. A database in trouble says so itself, and must not hide the refusal."""
        count = signin.refusals
        if count == self._noted:
            return
        with suppress(ConnectorError):
            if count:
                await self._put(count, time.time())
            else:
                await self._keep.delete(_KEY)
            self._noted = count

    async def forgive(self) -> None:
        """The next life may try once, at once. A reading of this one that is under way writes nothing new."""
        await self._put(TRIES - 1, 0.0)

    async def forget(self) -> None:
        await self._keep.delete(_KEY)

    async def _put(self, count: int, moment: float) -> None:
        salt = secrets.token_bytes(16)
        note = {"salt": salt.hex(), "print": self._print(salt), "count": count, "at": moment}
        await self._keep.put(_KEY, json.dumps(note).encode())

    def _print(self, salt: bytes) -> str:
        return hmac.new(salt, self._credentials, hashlib.sha256).hexdigest()
