"""Certificate authorities, and the certificates that they issue to servers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scripts.local.ports import HOST

Names = list[x509.GeneralName]

HOST_NAME = "mongod.stores.test"
NAMES: Names = [x509.IPAddress(ip_address(HOST)), x509.DNSName(HOST_NAME)]
OTHER_NAMES: Names = [x509.DNSName("other.example")]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A CA; `file` contains its certificate as PEM."""

    file: Path
    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, folder: Path, name: str) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(subject, subject, key, DAY).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        file = folder / f"{name}.crt"
        file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return cls(file, subject, key)

    def issue(self, names: Names, lifetime: timedelta = DAY) -> bytes:
        """Return a server's certificate and its key as one PEM; it expires after `lifetime`, which may be negative."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        builder = _builder(subject, self.name, key, lifetime).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + secret


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - 2 * DAY,
        not_valid_after=now + lifetime,
    )
