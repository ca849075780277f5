"""Keeps endpoints' secrets from whoever reads the database: sealed by KMS, under a key of their own.

Who makes endpoints may only seal, and who signs may only open; the sender may do neither.
"""

import base64
from functools import lru_cache
from typing import Final
from uuid import UUID

from runtime import clients

_OPENED_AT_ONCE: Final = 256


def seal(secret: str, endpoint_id: UUID, key_arn: str) -> str:
    """The secret as the ledger may hold it; it opens for this endpoint only.

    Raises:
        botocore.exceptions.BotoCoreError: KMS cannot be reached.
        botocore.exceptions.ClientError: KMS refuses.
    """
    sealed = clients.kms().encrypt(
        KeyId=key_arn, Plaintext=secret.encode(), EncryptionContext=_context(endpoint_id)
    )
    return base64.b64encode(sealed["CiphertextBlob"]).decode()


@lru_cache(maxsize=_OPENED_AT_ONCE)
def unseal(sealed: str, endpoint_id: UUID, key_arn: str) -> str:
    """The secret again; kept in memory, so that each is opened once per environment.

    Raises:
        botocore.exceptions.BotoCoreError: KMS cannot be reached.
        botocore.exceptions.ClientError: KMS refuses, or the seal is another endpoint's.
    """
    opened = clients.kms().decrypt(
        KeyId=key_arn, CiphertextBlob=base64.b64decode(sealed), EncryptionContext=_context(endpoint_id)
    )
    return opened["Plaintext"].decode()


def _context(endpoint_id: UUID) -> dict[str, str]:
    return {"purpose": "webhook-secret", "webhook_id": str(endpoint_id)}
