"""Signatures of version 4A, beside what AWS's own library derives and what AWS documents."""

from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from upkeep.sigv4a import SigV4AAuth, signing_key

ACCESS_KEY, SECRET_KEY = "AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom"


def test_the_key_is_the_one_that_awss_library_derives() -> None:
    """The vector of awslabs/aws-c-auth, tests/key_derivation_tests.c."""
    number = signing_key(ACCESS_KEY, SECRET_KEY).private_numbers().private_value

    assert f"{number:064x}" == "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd"


def test_a_request_is_signed_for_every_region_and_with_its_session() -> None:
    request = AWSRequest(method="POST", url="https://store.example.com/keys", data=b"{}")
    auth = SigV4AAuth(Credentials(ACCESS_KEY, SECRET_KEY, "session"), "service")
    auth.add_auth(request)
    told = request.headers["Authorization"]
    signature = told.rpartition("Signature=")[2]
    day = request.headers["X-Amz-Date"][:8]

    assert told.startswith(
        f"AWS4-ECDSA-P256-SHA256 Credential={ACCESS_KEY}/{day}/service/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-region-set;x-amz-security-token, "
    )
    assert request.headers["X-Amz-Region-Set"] == "*"
    del request.headers["Authorization"]
    signed = auth.string_to_sign(request, auth.canonical_request(request))
    signing_key(ACCESS_KEY, SECRET_KEY).public_key().verify(
        bytes.fromhex(signature), signed.encode(), ec.ECDSA(hashes.SHA256())
    )
