"""A certificate authority of one basin, and the certificates it gives.

With the `cryptography` package rather than the openssl program: dates, names and extensions are values and not the
lines of a configuration file, and esptool brings the package anyway.
"""

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Certificates", "Name", "is_host"]

AUTHORITY_YEARS, CERTIFICATE_YEARS = 30, 10  # a station's certificate is changed where the station stands: seldom
RENEWED_BEFORE = timedelta(days=365)
# A station's clock may be a little behind when it is first switched on.
VALID_FROM_BEFORE = timedelta(days=1)
YEAR = timedelta(days=365.25)
HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")  # RFC 1123, 2.1


def is_host(text: str) -> bool:
    """Return whether a certificate can name it: an address, or a name in ASCII."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return HOST_NAME.fullmatch(text) is not None
    return True


@dataclass(frozen=True)
class Name:
    """Whose certificate it is. `hosts` are the addresses of a server; a client has none."""

    file: str  # without .crt and .key
    common_name: str
    hosts: tuple[str, ...] = ()


class Certificates:
    """The keys (0600) and certificates of a folder. A key that is there is kept, a certificate as long as it serves."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder = folder
        self._now = now

    def keep_authority(self, common_name: str) -> None:
        """Make the authority where there is none: ca.crt and ca.key."""
        self._authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        self._authority_key, is_new = self._keep_key("ca")
        if is_new or not self._certificate_path("ca").exists():
            key_usage = x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
                decipher_only=False,
            )  # fmt: skip
            extensions: list[x509.ExtensionType] = [x509.BasicConstraints(ca=True, path_length=0), key_usage]
            self._write("ca", self._authority, self._authority_key.public_key(), AUTHORITY_YEARS, extensions)
        self._authority = self._read("ca").subject

    def keep(self, name: Name) -> bool:
        """Give the certificate where there is none that serves; return whether one was given."""
        key, is_new = self._keep_key(name.file)
        if not is_new and self._serves(name, key):
            return False
        usage = ExtendedKeyUsageOID.SERVER_AUTH if name.hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        extensions: list[x509.ExtensionType] = [
            x509.BasicConstraints(ca=False, path_length=None),
            x509.ExtendedKeyUsage([usage]),
        ]
        if name.hosts:
            extensions.append(x509.SubjectAlternativeName(_addresses(name.hosts)))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name.common_name)])
        self._write(name.file, subject, key.public_key(), CERTIFICATE_YEARS, extensions)
        return True

    def _serves(self, name: Name, key: ec.EllipticCurvePrivateKey) -> bool:
        if not self._certificate_path(name.file).exists():
            return False
        certificate, authority = self._read(name.file), self._read("ca")
        try:
            certificate.verify_directly_issued_by(authority)
        except Exception:  # InvalidSignature, ValueError or TypeError: of another authority in each case
            return False
        (common_name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return (
            certificate.public_key() == key.public_key()
            and common_name.value == name.common_name
            and _hosts_of(certificate) == set(_addresses(name.hosts))
            and self._now < certificate.not_valid_after_utc - RENEWED_BEFORE
        )

    def _write(
        self,
        file: str,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        years: int,
        extensions: Sequence[x509.ExtensionType],
    ) -> None:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._authority)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - VALID_FROM_BEFORE)
            .not_valid_after(self._now + years * YEAR)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority_key.public_key()), critical=False
            )
        )
        for extension in extensions:
            builder = builder.add_extension(extension, isinstance(extension, x509.BasicConstraints | x509.KeyUsage))
        certificate = builder.sign(self._authority_key, hashes.SHA256())
        self._certificate_path(file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _keep_key(self, file: str) -> tuple[ec.EllipticCurvePrivateKey, bool]:
        """Return the key and whether it had to be made; raise ValueError for a file that holds none."""
        path = self._folder / f"{file}.key"
        if path.exists():
            return _read_key(path), False
        # P-256 is what every TLS library of a small board has; an RSA key costs it seconds per connection.
        key = ec.generate_private_key(ec.SECP256R1())
        path.parent.mkdir(parents=True, exist_ok=True)
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(text)
        return key, True

    def _read(self, file: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self._certificate_path(file).read_bytes())

    def _certificate_path(self, file: str) -> Path:
        return self._folder / f"{file}.crt"


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    wrong = f"{path}: expected a private key on an elliptic curve; move it away to have one made"
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise ValueError(wrong) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(wrong)
    return key


def _addresses(hosts: Sequence[str]) -> list[x509.GeneralName]:
    return [_address(host) for host in hosts]


def _address(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hosts_of(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return set()
