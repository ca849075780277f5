"""RDS Proxy: keeps the database's connections while functions come and go."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.log_keeping import LogKeeping
from components.naming import NameKind, Names
from components.policies import Statement, policy_document, trust_policy
from components.tags import Tags

_IDLE_CLIENT_SECONDS = 900
# Below the 3 s within which the API answers 503 when the database is away.
_BORROW_SECONDS = 2
_POOL_PERCENT = 80  # the rest is for the processing tasks and the migrations, which connect directly
_IDLE_POOL_PERCENT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseProxyArgs:
    """Which database stands behind the proxy, and who it logs in as.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        database_identifier: RDS instance behind the proxy.
        application_secret_arn: secret of the application role, the only role that the proxy knows.
        secret_key_arn: key that encrypts the secret.
        logs: how the proxy's log is kept.
        subnet_ids: isolated subnets in at least two zones.
        security_group_id: group of the proxy.
        after: resources that must exist first: the role must be in the database before the proxy logs in.
    """

    names: Names
    tags: Tags
    database_identifier: pulumi.Input[str]
    application_secret_arn: pulumi.Input[str]
    secret_key_arn: pulumi.Input[str]
    logs: LogKeeping
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    after: Sequence[pulumi.Resource]


class DatabaseProxy(pulumi.ComponentResource):
    """Creates a proxy that takes TLS connections only and logs in as the application role.

    The master role cannot pass the proxy: migrations connect to the instance.
    """

    host: pulumi.Output[str]

    def __init__(
        self, name: str, args: DatabaseProxyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("video-platform:database_proxy:DatabaseProxy", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._proxy_name = args.names.physical(NameKind.DATABASE_PROXY, "video-database")

        proxy = self._build_proxy()
        self._build_target(proxy)
        self.host = proxy.endpoint
        self.register_outputs({"host": self.host})

    def _build_proxy(self) -> aws.rds.Proxy:
        args = self._args
        role, policy = self._build_role()
        log_group = args.logs.group(
            f"{self._name}-logs",
            args.names.log_group("/aws/rds/proxy", self._proxy_name),
            tags=args.tags.of("database"),
            parent=self,
        )
        return aws.rds.Proxy(
            f"{self._name}-proxy",
            name=self._proxy_name,
            engine_family="POSTGRESQL",
            auths=[
                aws.rds.ProxyAuthArgs(
                    auth_scheme="SECRETS",
                    iam_auth="DISABLED",
                    client_password_auth_type="POSTGRES_SCRAM_SHA_256",  # noqa: S106  a kind of login
                    secret_arn=args.application_secret_arn,
                    description="The application's database role",
                )
            ],
            role_arn=role.arn,
            require_tls=True,
            idle_client_timeout=_IDLE_CLIENT_SECONDS,
            # The debug log holds the text of statements, and with it people's data.
            debug_logging=False,
            vpc_subnet_ids=args.subnet_ids,
            vpc_security_group_ids=[args.security_group_id],
            tags=args.tags.of("database"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, log_group, *args.after]),
        )

    def _build_target(self, proxy: aws.rds.Proxy) -> None:
        group = aws.rds.ProxyDefaultTargetGroup(
            f"{self._name}-pool",
            db_proxy_name=proxy.name,
            connection_pool_config=aws.rds.ProxyDefaultTargetGroupConnectionPoolConfigArgs(
                connection_borrow_timeout=_BORROW_SECONDS,
                max_connections_percent=_POOL_PERCENT,
                max_idle_connections_percent=_IDLE_POOL_PERCENT,
            ),
            opts=self._child,
        )
        aws.rds.ProxyTarget(
            f"{self._name}-target",
            db_proxy_name=proxy.name,
            target_group_name=group.name,
            db_instance_identifier=self._args.database_identifier,
            opts=self._child,
        )

    def _build_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        args, names = self._args, self._args.names
        role = aws.iam.Role(
            f"{self._name}-role",
            description="Lets RDS Proxy read the application role's secret",
            # AWS shows this role without a condition; with one that the proxy does not meet, it reads no
            # secret and answers nobody.
            assume_role_policy=trust_policy("rds.amazonaws.com", source_account_id=None),
            tags=args.tags.of("database"),
            opts=self._child,
        )
        statements = [
            Statement(
                sid="ReadDatabaseSecret",
                actions=["secretsmanager:GetSecretValue"],
                resources=[args.application_secret_arn],
            ),
            Statement(
                sid="DecryptSecrets",
                actions=["kms:Decrypt"],
                resources=[args.secret_key_arn],
                conditions={
                    "StringEquals": {"kms:ViaService": f"secretsmanager.{names.region}.amazonaws.com"}
                },
            ),
        ]
        policy = aws.iam.RolePolicy(
            f"{self._name}-policy", role=role.name, policy=policy_document(statements), opts=self._child
        )
        return role, policy
