"""TLS contexts for SIP, and a certificate for a loopback address made at start."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files. ``ca`` is what a client must trust; for a self-signed certificate it is ``certificate`` itself."""

    certificate: str
    key: str
    ca: str


def client_context(ca_file: str) -> ssl.SSLContext:
    """Verifies the peer's certificate and its name. ``ca_file`` empty: the system's authorities."""
    return ssl.create_default_context(cafile=ca_file or None)


def server_context(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    return context


def make_certificate(folder: Path, host: str) -> CertificateFiles:
    """A self-signed certificate for one IP address, valid for ten days, written to ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = CertificateFiles(str(folder / "bridge.pem"), str(folder / "bridge.key"), str(folder / "bridge.pem"))
    Path(files.certificate).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    with open(files.key, "wb", opener=_private) as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return files


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
