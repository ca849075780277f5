"""The secret that the API seals cursors and playback links with."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.settings import ProtectionSettings
from components.tags import Tags

_FIRST_KEY_ID = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningArgs:
    """How the secret is kept.

    Attributes:
        tags: tags of the stack.
        protection: whether it stays recoverable for longer.
        key_arn: key that encrypts it.
    """

    tags: Tags
    protection: ProtectionSettings
    key_arn: pulumi.Input[str]


class Signing(pulumi.ComponentResource):
    """Creates a secret with the first signing key; ``tools.rotation`` puts later versions beside this one.

    A deployment leaves them alone: the provider compares the version that it made, and no other
    (terraform-provider-aws, internal/service/secretsmanager/secret_version.go).
    """

    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: SigningArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:signing:Signing", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = random.RandomPassword(f"{name}-key", length=64, special=False, opts=child)
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            description="Keys that the API seals cursors and playback links with",
            kms_key_id=args.key_arn,
            recovery_window_in_days=args.protection.secret_recovery_days,
            tags=args.tags.of("api"),
            opts=child,
        )
        aws.secretsmanager.SecretVersion(
            f"{name}-secret-version",
            secret_id=secret.id,
            secret_string=pulumi.Output.json_dumps(
                {"current": {"id": _FIRST_KEY_ID, "key": key.result}, "previous": None}
            ),
            opts=child,
        )
        self.secret_arn = secret.arn
        self.register_outputs({"secret_arn": self.secret_arn})
