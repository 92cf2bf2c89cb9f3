"""A certificate authority that lives as long as a test run, made with `cryptography`."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
import struct
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def key_pem(self, form: PrivateFormat = PrivateFormat.PKCS8, password: str | None = None) -> str:
        sealing = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, form, sealing).decode()


@dataclass(frozen=True)
class Authority:
    """Signs identities; files go to `folder`."""

    folder: Path
    root: Identity

    @property
    def pem(self) -> str:
        return self.root.certificate_pem

    def identity(self, name: str, *, rsa_key: bool = False, names: x509.ExtensionType | None = None) -> Identity:
        """`names` are the alternative names, in place of the usual ones."""
        key: PrivateKey = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        usual = [x509.DNSName(name), x509.DNSName("tls.target.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = _builder(name, self.root.certificate.subject, key).add_extension(
            names or x509.SubjectAlternativeName(usual), critical=False
        )
        return Identity(builder.sign(self.root.key, hashes.SHA256()), key)

    def server_context(self, *, demand_client: bool = False, identity: Identity | None = None) -> ssl.SSLContext:
        identity = identity or self.identity("localhost")
        path = self.folder / "server.pem"
        path.write_text(identity.key_pem() + identity.certificate_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if demand_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self.pem)
        return context

    def trust_store(self, password: str, form: str = "PKCS12") -> Path:
        """A Java trust store that holds the root."""
        path = self.folder / f"trust.{form.lower()}"
        if form == "JKS":
            path.write_bytes(_jks(self.root.certificate.public_bytes(Encoding.DER), password))
        else:
            entry = pkcs12.PKCS12Certificate(self.root.certificate, b"root")
            sealing = BestAvailableEncryption(password.encode())
            path.write_bytes(pkcs12.serialize_key_and_certificates(None, None, None, [entry], sealing))
        return path


def _jks(certificate: bytes, password: str) -> bytes:
    """One trusted certificate in the layout of `sun.security.provider.JavaKeyStore`, version 2."""
    alias, kind = b"root", b"X.509"
    content = struct.pack(">IIIIH", 0xFEEDFEED, 2, 1, 2, len(alias)) + alias + bytes(8)
    content += struct.pack(">H", len(kind)) + kind + struct.pack(">I", len(certificate)) + certificate
    return content + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + content).digest()  # noqa: S324


def make_authority(folder: Path) -> Authority:
    """A new root."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test root")])
    builder = _builder("Test root", name, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    return Authority(folder, Identity(builder.sign(key, hashes.SHA256()), key))


def _builder(name: str, issuer: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )
