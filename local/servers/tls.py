"""A private certificate authority, so that local PostgreSQL and Redis are verified as in AWS."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_CA_VALID_DAYS = 3650
_RENEW_BEFORE_DAYS = 30
_LEAF_VALID_DAYS = 397
_CA_FILE = "ca.pem"
_CA_KEY_FILE = "ca.key"


@dataclass(frozen=True, slots=True)
class Authority:
    """A local CA that signs server certificates.

    Attributes:
        ca_path: The public certificate, the only trust root clients need.
        key_path: The private key; readable by its owner only.
    """

    ca_path: Path
    key_path: Path

    def issue(self, directory: Path, hosts: Sequence[str] = ("localhost", "127.0.0.1")) -> tuple[Path, Path]:
        """Give a certificate and key for ``hosts`` in ``directory``, reusing a pair that is still good.

        Args:
            directory: Where ``server.pem`` and ``server.key`` (mode 0600) go.
            hosts: DNS names and IP addresses the certificate must cover.

        Returns:
            The certificate path and the key path.
        """
        directory.mkdir(parents=True, exist_ok=True)
        cert_path, key_path = directory / "server.pem", directory / "server.key"
        ca = x509.load_pem_x509_certificate(self.ca_path.read_bytes())
        if not (key_path.exists() and _still_good(cert_path, ca, hosts)):
            key = ec.generate_private_key(ec.SECP256R1())
            ca_key = serialization.load_pem_private_key(self.key_path.read_bytes(), password=None)
            if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
                msg = (
                    f"{self.key_path} is no elliptic-curve key; delete {self.key_path.parent} and start again"
                )
                raise TypeError(msg)
            certificate = _leaf_builder(hosts, key, ca).sign(ca_key, hashes.SHA256())
            _write_private(key_path, _key_pem(key))
            cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cert_path, key_path


def create_authority(directory: Path) -> Authority:
    """Create the authority in ``directory``, or load the one that is there and not about to expire.

    Args:
        directory: Holds ``ca.pem`` and ``ca.key``.

    Returns:
        The authority.
    """
    directory.mkdir(parents=True, exist_ok=True)
    authority = Authority(directory / _CA_FILE, directory / _CA_KEY_FILE)
    if authority.key_path.exists() and _is_current(authority.ca_path):
        return authority
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "video-platform local authority")])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    builder = (
        _builder(name, name, key.public_key(), _CA_VALID_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    _write_private(authority.key_path, _key_pem(key))
    authority.ca_path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return authority


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, valid_days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=valid_days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _leaf_builder(
    hosts: Sequence[str], key: ec.EllipticCurvePrivateKey, ca: x509.Certificate
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(subject, ca.subject, key.public_key(), _LEAF_VALID_DAYS)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _still_good(cert_path: Path, ca: x509.Certificate, hosts: Sequence[str]) -> bool:
    if not _is_current(cert_path):
        return False
    certificate = x509.load_pem_x509_certificate(cert_path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    try:
        certificate.verify_directly_issued_by(ca)
    except Exception:  # noqa: BLE001 - any failure to verify means the pair belongs to an older authority
        return False
    return all(_general_name(host) in names for host in hosts)


def _is_current(path: Path) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    margin = dt.timedelta(days=_RENEW_BEFORE_DAYS)
    return certificate.not_valid_after_utc > dt.datetime.now(dt.UTC) + margin


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
