"""Certificates of the tests' own: an authority, what it issues, and what nobody issued."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Certificate:
    """With its private key; either as PEM."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def serial(self) -> int:
        return self.certificate.serial_number

    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, passphrase: bytes = b"") -> bytes:
        sealed = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """``cert.pem`` and ``key.pem``."""
        files = folder / "cert.pem", folder / "key.pem"
        for file, text in zip(files, (self.pem(), self.key_pem()), strict=True):
            file.write_bytes(text)
        return files

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # the ssl module reads keys from files only
            file.write(self.key_pem() + self.pem())
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Trusts this certificate, and as an authority what it issued."""
        return ssl.create_default_context(cadata=self.pem().decode())


def authority(*names: str) -> Certificate:
    """Signs others; with ``names`` it may serve, too."""
    return _make("Test authority", names, None, True, 1, None)


def issue(
    *names: str, by: Certificate | None = None, days: float = 1, common_name: str = "", key: PrivateKey | None = None
) -> Certificate:
    """For these host names and IP addresses, for ``days`` from now; signed by itself without ``by``."""
    return _make(common_name or names[0], names, by, False, days, key)


@lru_cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """One of several that last for the process: making one takes long."""
    return rsa.generate_private_key(65537, 2048)


def _make(
    common_name: str, names: tuple[str, ...], by: Certificate | None, signs: bool, days: float, key: PrivateKey | None
) -> Certificate:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), critical=False)
    if signs:
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)  # handshakes, certificates
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(usage, critical=True)
    if by:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    return Certificate(builder.sign(by.key if by else key, hashes.SHA256()), key)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
