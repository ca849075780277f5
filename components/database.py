"""The ledger's PostgreSQL database and the secrets that open it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.function import DatabaseAccess
from components.log_keeping import LogKeeping
from components.naming import NameKind, Names
from components.policies import trust_policy
from components.settings import DatabaseSettings, ProtectionSettings
from components.tags import Tags

DATABASE_NAME = "videometadata"
MASTER_USERNAME = "video_admin"
APPLICATION_USERNAME = "video_app"
_PORT = 5432
_EXPORTED_LOGS = ("postgresql", "upgrade")
_MONITORING_POLICY_ARN = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
_CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"  # in the bundle that the services trust
# apply_method is spelt out because a static parameter with the default "immediate" never settles in the
# provider. log_statement stays unset: it would write the text of password changes to the log.
_PARAMETERS = (
    ("rds.force_ssl", "1", "immediate"),
    ("log_connections", "1", "immediate"),
    ("log_disconnections", "1", "immediate"),
    ("log_lock_waits", "1", "immediate"),
    ("idle_in_transaction_session_timeout", "60000", "immediate"),
    ("shared_preload_libraries", "pg_stat_statements", "pending-reboot"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseArgs:
    """Size and place of the database.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        settings: version, size and care of the database; a major version alone follows its minor versions.
        logs: how the exported PostgreSQL logs are kept.
        protection: whether deletion is refused, in AWS and in Pulumi, and whether a last snapshot and the
            automated backups outlive it.
        subnet_ids: isolated subnets in at least two zones.
        security_group_id: group of the database.
        key_arn: key that encrypts storage, samples and secrets.
    """

    names: Names
    tags: Tags
    settings: DatabaseSettings
    logs: LogKeeping
    protection: ProtectionSettings
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]


class Database(pulumi.ComponentResource):
    """Creates a multi-AZ PostgreSQL instance, its parameter group, and the application role's secret.

    RDS itself keeps the master password. The application role does not exist yet after this component: the
    migrate function creates it from the secret.
    """

    identifier: pulumi.Output[str]
    host: pulumi.Output[str]
    port: pulumi.Output[int]
    endpoint: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]
    application_secret_arn: pulumi.Output[str]
    application_secret_version_id: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:database:Database", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._identifier = args.names.physical(NameKind.DATABASE_INSTANCE, DATABASE_NAME)

        instance = self._build_instance()
        secret, version = self._build_application_secret()
        self.identifier = instance.identifier
        self.host = instance.address
        self.port = instance.port
        self.endpoint = instance.endpoint
        self.resource_id = instance.resource_id
        self.master_secret_arn = instance.master_user_secrets[0].secret_arn
        self._rotate_master_password()
        self.application_secret_arn = secret.arn
        self.application_secret_version_id = version.version_id
        self.register_outputs(
            {
                "identifier": self.identifier,
                "host": self.host,
                "port": self.port,
                "endpoint": self.endpoint,
                "resource_id": self.resource_id,
                "master_secret_arn": self.master_secret_arn,
                "application_secret_arn": self.application_secret_arn,
                "application_secret_version_id": self.application_secret_version_id,
            }
        )

    @property
    def access(self) -> DatabaseAccess:
        """What a client of the database needs to know to connect to the instance itself."""
        return DatabaseAccess(
            host=self.host,
            port=self.port,
            name=DATABASE_NAME,
            secret_arn=self.application_secret_arn,
            key_arn=self._args.key_arn,
        )

    def _build_instance(self) -> aws.rds.Instance:
        args = self._args
        subnets = aws.rds.SubnetGroup(
            f"{self._name}-subnets",
            description="Isolated subnets of the video platform",
            subnet_ids=args.subnet_ids,
            tags=args.tags.of("database"),
            opts=self._child,
        )
        settings = aws.rds.InstanceArgs(
            identifier=self._identifier,
            engine="postgres",
            engine_version=args.settings.database_engine_version,
            instance_class=args.settings.database_instance_class,
            db_name=DATABASE_NAME,
            port=_PORT,
            username=MASTER_USERNAME,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.key_arn,
            iam_database_authentication_enabled=True,
            ca_cert_identifier=_CERTIFICATE_AUTHORITY,
            multi_az=True,
            publicly_accessible=False,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[args.security_group_id],
            parameter_group_name=self._build_parameter_group().name,
            auto_minor_version_upgrade=True,
            maintenance_window="sun:19:00-sun:20:00",
            tags=args.tags.of("database"),
        )
        self._keep_data(settings)
        self._observe(settings)
        return aws.rds.Instance(
            f"{self._name}-instance",
            settings,
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.protection.deletion_protection, depends_on=self._build_log_groups()
            ),
        )

    def _keep_data(self, settings: aws.rds.InstanceArgs) -> None:
        args = self._args
        settings.allocated_storage = args.settings.database_allocated_storage_gib
        settings.max_allocated_storage = args.settings.database_max_allocated_storage_gib
        settings.storage_type = "gp3"
        settings.storage_encrypted = True
        settings.kms_key_id = args.key_arn
        settings.backup_retention_period = args.settings.database_backup_retention_days
        settings.backup_window = "18:00-18:30"  # UTC: the small hours in Tokyo
        settings.copy_tags_to_snapshot = True
        settings.deletion_protection = args.protection.deletion_protection
        settings.delete_automated_backups = not args.protection.final_snapshots
        settings.skip_final_snapshot = not args.protection.final_snapshots
        if args.protection.final_snapshots:
            settings.final_snapshot_identifier = f"{self._identifier}-final"

    def _observe(self, settings: aws.rds.InstanceArgs) -> None:
        settings.performance_insights_enabled = True
        settings.performance_insights_kms_key_id = self._args.key_arn
        settings.performance_insights_retention_period = self._args.settings.database_insights_retention_days
        settings.database_insights_mode = self._args.settings.database_insights_mode
        settings.monitoring_interval = 60
        settings.monitoring_role_arn = self._build_monitoring_role().arn
        settings.enabled_cloudwatch_logs_exports = list(_EXPORTED_LOGS)

    def _rotate_master_password(self) -> None:
        aws.secretsmanager.SecretRotation(
            f"{self._name}-master-rotation",
            secret_id=self.master_secret_arn,
            # The migrate function may be reading the first password at this moment.
            rotate_immediately=False,
            rotation_rules=aws.secretsmanager.SecretRotationRotationRulesArgs(
                automatically_after_days=self._args.settings.database_master_rotation_days
            ),
            opts=self._child,
        )

    def _build_parameter_group(self) -> aws.rds.ParameterGroup:
        slow = (
            "log_min_duration_statement",
            str(self._args.settings.database_slow_query_milliseconds),
            "immediate",
        )
        return aws.rds.ParameterGroup(
            f"{self._name}-parameters",
            family="postgres16",
            description="TLS only, slow statements logged",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=key, value=text, apply_method=method)
                for key, text, method in (*_PARAMETERS, slow)
            ],
            tags=self._args.tags.of("database"),
            opts=self._child,
        )

    def _build_log_groups(self) -> list[pulumi.Resource]:
        """Create the groups that RDS exports to."""
        args = self._args
        return [
            args.logs.group(
                f"{self._name}-{log}-logs",
                args.names.log_group(f"/aws/rds/instance/{self._identifier}", log),
                tags=args.tags.of("database"),
                parent=self,
            )
            for log in _EXPORTED_LOGS
        ]

    def _build_monitoring_role(self) -> aws.iam.Role:
        role = aws.iam.Role(
            f"{self._name}-monitoring-role",
            description="Lets RDS enhanced monitoring write its metrics",
            assume_role_policy=trust_policy(
                "monitoring.rds.amazonaws.com", source_account_id=self._args.names.account_id
            ),
            tags=self._args.tags.of("database"),
            opts=self._child,
        )
        aws.iam.RolePolicyAttachment(
            f"{self._name}-monitoring-policy",
            role=role.name,
            policy_arn=_MONITORING_POLICY_ARN,
            opts=self._child,
        )
        return role

    def _build_application_secret(self) -> tuple[aws.secretsmanager.Secret, aws.secretsmanager.SecretVersion]:
        args = self._args
        password = random.RandomPassword(f"{self._name}-password", length=40, special=False, opts=self._child)
        secret = aws.secretsmanager.Secret(
            f"{self._name}-application-secret",
            description="User name and password of the application's database role",
            kms_key_id=args.key_arn,
            recovery_window_in_days=args.protection.secret_recovery_days,
            tags=args.tags.of("database"),
            opts=self._child,
        )
        version = aws.secretsmanager.SecretVersion(
            f"{self._name}-application-secret-version",
            secret_id=secret.id,
            secret_string=pulumi.Output.json_dumps(
                {"username": APPLICATION_USERNAME, "password": password.result}
            ),
            opts=self._child,
        )
        return secret, version
