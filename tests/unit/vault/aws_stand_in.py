"""AWS KMS as moto plays it, on a loopback socket: the vendor's own client talks to code that is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from moto.server import ThreadedMotoServer


@dataclass(frozen=True, slots=True)
class Kms:
    endpoint: str
    key: str
    other_key: str


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
