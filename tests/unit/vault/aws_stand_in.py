"""AWS KMS as moto plays it, on a loopback socket: the vendor's own client talks to code that is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import httpx2
from moto.server import ThreadedMotoServer


@dataclass(frozen=True, slots=True)
class Kms:
    endpoint: str
    key: str
    other_key: str

    @contextmanager
    def nobody_may(self) -> Iterator[None]:
        """Meanwhile every account lacks every right."""
        self._may(0)
        try:
            yield
        finally:
            self._may(10**9)

    def _may(self, calls: int) -> None:
        """moto asks for no rights in the next so many calls."""
        httpx2.post(
            f"{self.endpoint}/moto-api/reset-auth", content=str(calls), headers={"content-type": "text/plain"}
        ).raise_for_status()


@contextmanager
def kms() -> Iterator[Kms]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client("kms", region_name="eu-central-1", endpoint_url=endpoint)
        keys = [client.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
        yield Kms(endpoint, *keys)
        client.close()
    finally:
        server.stop()
