"""Signatures of version 4A, which hold in every region: an ECDSA key stands for the secret access key.

Sources: AWS IAM User Guide, "AWS Signature Version 4A" and "Elements of an AWS API request signature"; the
derivation of the key is NIST SP 800-108r1, HMAC in counter mode. The SDK signs so only with `awscrt` beside
it, and then with that for every service and function.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

from botocore.auth import SigV4Auth
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest

_ALGORITHM: Final = "AWS4-ECDSA-P256-SHA256"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_COUNTERS: Final = 255
_REGION_SET: Final = "X-Amz-Region-Set"
_EVERY_REGION: Final = "*"


class SigV4AAuth(SigV4Auth):
    """Signs a request for every region.

    Args:
        credentials: Whose; botocore's.
        service_name: As the service signs, for example ``cloudfront-keyvaluestore``.
    """

    def __init__(self, credentials: Any, service_name: str) -> None:
        super().__init__(credentials, service_name, _EVERY_REGION)
        self._service = service_name

    def add_auth(self, request: "AWSRequest") -> None:
        """Sign the request."""
        del request.headers[_REGION_SET]
        request.headers[_REGION_SET] = _EVERY_REGION
        super().add_auth(request)

    def scope(self, request: "AWSRequest") -> str:
        """The scope with whose it is; it names no region."""
        return f"{self.credentials.access_key}/{self.credential_scope(request)}"

    def credential_scope(self, request: "AWSRequest") -> str:
        """Day and service."""
        return f"{request.context['timestamp'][:8]}/{self._service}/aws4_request"

    def string_to_sign(self, request: "AWSRequest", canonical_request: str) -> str:
        """What is signed."""
        digest = hashlib.sha256(canonical_request.encode()).hexdigest()
        return "\n".join((_ALGORITHM, request.context["timestamp"], self.credential_scope(request), digest))

    def signature(self, string_to_sign: str, request: "AWSRequest") -> str:
        """The signature in hexadecimal digits, different each time."""
        del request
        key = signing_key(str(self.credentials.access_key), str(self.credentials.secret_key))
        return key.sign(string_to_sign.encode(), ec.ECDSA(hashes.SHA256())).hex()

    def _inject_signature_to_request(self, request: "AWSRequest", signature: str) -> "AWSRequest":
        signed = self.signed_headers(self.headers_to_sign(request))
        request.headers["Authorization"] = (
            f"{_ALGORITHM} Credential={self.scope(request)}, SignedHeaders={signed}, Signature={signature}"
        )
        return request


def signing_key(access_key: str, secret_key: str) -> ec.EllipticCurvePrivateKey:
    """The key that AWS derives from these credentials, too."""
    for counter in range(1, _COUNTERS):
        context = access_key.encode() + bytes([counter])
        fixed = b"\0\0\0\1" + _ALGORITHM.encode() + b"\0" + context + b"\0\0\1\0"
        candidate = int.from_bytes(hmac.digest(f"AWS4A{secret_key}".encode(), fixed, hashlib.sha256), "big")
        if candidate <= _ORDER - 2:
            return ec.derive_private_key(candidate + 1, ec.SECP256R1())
    message = "no key can be derived from these credentials; use others"
    raise ValueError(message)
