"""Brings the database schema and the application role up to date on every deployment that changes them."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from artifacts.sources import REPOSITORY_ROOT, SERVICES_DIR, content_hash, package_files
from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.policies import Statement

_TIMEOUT_SECONDS = 300
# What a migration does beside the revisions: the handler, and the module that makes the database's roles.
_MIGRATING_MODULES = ("ledger/database/roles.py", "upkeep/migrate.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationsArgs:
    """What is migrated and when again.

    Attributes:
        platform: what all functions share.
        master_secret_arn: secret of the master role, which owns the schema.
        database_resource_id: changes when the database is replaced.
        application_secret_version_id: changes when the application role's password does.
    """

    platform: FunctionPlatform
    master_secret_arn: pulumi.Input[str]
    database_resource_id: pulumi.Input[str]
    application_secret_version_id: pulumi.Input[str]


class Migrations(pulumi.ComponentResource):
    """Creates the migrate function and calls it during the deployment.

    Functions that use the schema depend on this component, so they never run before their tables exist.
    """

    migrate_function_name: pulumi.Output[str]

    def __init__(self, name: str, args: MigrationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:migrations:Migrations", name, None, opts)
        migrate = LambdaFunction(
            f"{name}-migrate",
            LambdaFunctionArgs(
                platform=args.platform,
                role="migrate",
                handler="upkeep.migrate.handler",
                description="Migrates the database schema and the application role",
                timeout_seconds=_TIMEOUT_SECONDS,
                environment={"DATABASE_MASTER_SECRET_ARN": args.master_secret_arn},
                statements=[
                    Statement(
                        sid="ReadMasterSecret",
                        actions=["secretsmanager:GetSecretValue"],
                        resources=[args.master_secret_arn],
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.lambda_.Invocation(
            f"{name}-run",
            function_name=migrate.function_name,
            input="{}",
            triggers={
                "revisions": migrations_digest(REPOSITORY_ROOT),
                "database": args.database_resource_id,
                "secret_version": args.application_secret_version_id,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[migrate]),
        )
        self.migrate_function_name = migrate.function_name
        self.register_outputs({"migrate_function_name": self.migrate_function_name})


def migrations_digest(root: Path) -> str:
    """Hash all that decides what a migration does, so that the deployment migrates when it changes.

    Args:
        root: root of the repository.
    """
    modules = {name: root / SERVICES_DIR / name for name in _MIGRATING_MODULES}
    return content_hash({**package_files(root, ["ledger/migrations"]), **modules})
