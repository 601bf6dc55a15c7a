"""A sealer that hides nothing, so that a dump of a database reads in an editor. It knows what it sealed a value for."""

from __future__ import annotations

from connector.vault import Damaged


class PlainSealer:
    def seal(self, data: bytes, context: str) -> bytes:
        return b"for " + context.encode() + b"\n" + data

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Damaged when it was sealed for something else."""
        head, _, data = sealed.partition(b"\n")
        if head != b"for " + context.encode():
            raise Damaged(f"what was sealed for {context} cannot be opened")
        return data
