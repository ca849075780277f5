"""One Lambda function with everything that belongs to it alone: role, log group, network place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from artifacts.freshness import PACKAGE_PATH
from components.choices import Architecture
from components.log_keeping import LogKeeping
from components.naming import NameKind, Names
from components.policies import (
    Statement,
    attach_to_network,
    policy_document,
    send_traces,
    trust_policy,
    use_key,
    write_logs,
)
from components.settings import FunctionSettings
from components.tags import Tags

_RUNTIME = aws.lambda_.Runtime.PYTHON3D12


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAccess:
    """Where the ledger is and which secret opens it as the application role.

    Attributes:
        host: address of the database.
        port: TCP port.
        name: database name.
        secret_arn: secret with the application role's user name and password.
        key_arn: key that encrypts the secret.
        proxied: whether RDS Proxy answers at this address.
    """

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    name: str
    secret_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    proxied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlatform:
    """What all functions of a stack share.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        architecture: processor architecture that the package was built for.
        settings: memory of each function, and runs kept free for those behind a queue, a rule or a schedule.
        logs: which log lines are written, and how they are kept.
        subnet_ids: private subnets.
        security_group_id: the functions' security group.
        database: the ledger.
        after: what must exist before a function that uses the ledger runs: its schema, and the proxy if any.
    """

    names: Names
    tags: Tags
    architecture: Architecture
    settings: FunctionSettings
    logs: LogKeeping
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    database: DatabaseAccess
    after: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMount:
    """A file system that a function mounts.

    Attributes:
        access_point_arn: EFS access point; the function's role must be allowed to mount it.
        path: where it appears; Lambda wants it right below ``/mnt/``.
    """

    access_point_arn: pulumi.Input[str]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaFunctionArgs:
    """What sets one function apart.

    Attributes:
        platform: what it shares with the others.
        role: short name such as ``api``; the function is called ``video-<role>-<stack>``.
        handler: Python path of the handler in the package.
        description: one line for the console.
        timeout_seconds: longest run.
        environment: variables beside the shared ones.
        statements: permissions beside the shared ones.
        reserved_concurrency: runs kept free for this function, also its limit; None shares the account's
            pool.
        outside: runs outside of the network, with the internet in reach and without the ledger.
        dead_letter_queue_arn: queue for events that an asynchronous call could not deliver.
        mount: file system that the function mounts.
        recursive: its messages lead by design to its own next call; Lambda ends such a chain after about 16
            calls unless it is told so (Lambda Developer Guide, "Use Lambda recursive loop detection").
        after: what must exist before this function runs beside what all wait for.
    """

    platform: FunctionPlatform
    role: str
    handler: str
    description: str
    timeout_seconds: int
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    reserved_concurrency: int | None = None
    outside: bool = False
    dead_letter_queue_arn: pulumi.Input[str] | None = None
    mount: FileMount | None = None
    recursive: bool = False
    after: Sequence[pulumi.Resource] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.timeout_seconds <= 900:
            raise ValueError(
                f"{self.role}: timeout_seconds is {self.timeout_seconds}, but Lambda allows 1 to 900"
            )
        if self.mount is not None and self.outside:
            raise ValueError(f"{self.role}: a function outside of the network reaches no file system")


class LambdaFunction(pulumi.ComponentResource):
    """Creates a function with its own role and encrypted log group, in the private subnets or outside.

    The caller adds permissions for whoever invokes it.
    """

    arn: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: LambdaFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("video-platform:function:LambdaFunction", name, None, opts)
        self._name = name
        self._args = args
        platform = args.platform
        self._function_name = platform.names.physical(NameKind.FUNCTION, f"video-{args.role}")
        self._log_group_name = platform.names.log_group("/aws/lambda", self._function_name)

        log_group = platform.logs.group(
            f"{name}-logs", self._log_group_name, tags=platform.tags.of("function"), parent=self
        )
        role, policy = self._build_role()
        function = self._build_function(role, [log_group, policy])
        if args.recursive:
            aws.lambda_.FunctionRecursionConfig(
                f"{name}-recursion",
                function_name=function.name,
                recursive_loop="Allow",
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.arn = function.arn
        self.invoke_arn = function.invoke_arn
        self.function_name = function.name
        self.role_arn = role.arn
        self.register_outputs(
            {
                "arn": self.arn,
                "invoke_arn": self.invoke_arn,
                "function_name": self.function_name,
                "role_arn": self.role_arn,
            }
        )

    def _build_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{self._name}-role",
            description=f"Runs the function {self._function_name}",
            assume_role_policy=trust_policy("lambda.amazonaws.com", source_account_id=None),
            tags=self._args.platform.tags.of("function"),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-policy",
            role=role.name,
            policy=policy_document([*self._shared_statements(), *self._args.statements]),
            opts=child,
        )
        return role, policy

    def _shared_statements(self) -> list[Statement]:
        platform = self._args.platform
        statements = [
            write_logs(platform.names.arn("logs", f"log-group:{self._log_group_name}")),
            send_traces(),
        ]
        if not self._args.outside:
            statements += self._inside_statements()
        if self._args.dead_letter_queue_arn is not None:
            statements.append(
                Statement(
                    sid="KeepFailedEvents",
                    actions=["sqs:SendMessage"],
                    resources=[self._args.dead_letter_queue_arn],
                )
            )
        return statements

    def _inside_statements(self) -> list[Statement]:
        database = self._args.platform.database
        return [
            *attach_to_network(self._args.platform.names.arn("lambda", f"function:{self._function_name}")),
            Statement(
                sid="ReadDatabaseSecret",
                actions=["secretsmanager:GetSecretValue"],
                resources=[database.secret_arn],
            ),
            use_key("DecryptSecrets", database.key_arn, write=False),
        ]

    def _environment(self) -> dict[str, pulumi.Input[str]]:
        platform = self._args.platform
        return {
            "STACK": platform.names.stack,
            "POWERTOOLS_SERVICE_NAME": self._args.role,
            "POWERTOOLS_LOG_LEVEL": platform.logs.settings.log_level,
            **({} if self._args.outside else _database_environment(platform.database)),
            **self._args.environment,
        }

    def _build_function(self, role: aws.iam.Role, needs: Sequence[pulumi.Resource]) -> aws.lambda_.Function:
        args, platform = self._args, self._args.platform
        dead_letters, mount = args.dead_letter_queue_arn, args.mount
        after = args.after if args.outside else [*platform.after, *args.after]
        return aws.lambda_.Function(
            f"{self._name}-function",
            name=self._function_name,
            description=args.description,
            runtime=_RUNTIME,
            handler=args.handler,
            code=pulumi.FileArchive(PACKAGE_PATH),
            architectures=[platform.architecture],
            memory_size=platform.settings.lambda_memory_mib,
            timeout=args.timeout_seconds,
            role=role.arn,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=self._environment()),
            vpc_config=None
            if args.outside
            else aws.lambda_.FunctionVpcConfigArgs(
                subnet_ids=platform.subnet_ids, security_group_ids=[platform.security_group_id]
            ),
            file_system_config=None
            if mount is None
            else aws.lambda_.FunctionFileSystemConfigArgs(
                arn=mount.access_point_arn, local_mount_path=mount.path
            ),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON",
                application_log_level=lambda_log_level(platform.logs.settings.log_level),
                log_group=self._log_group_name,
            ),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
            reserved_concurrent_executions=args.reserved_concurrency,
            dead_letter_config=None
            if dead_letters is None
            else aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=dead_letters),
            tags=platform.tags.of("function"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*needs, *after]),
        )


def lambda_log_level(level: str) -> str:
    """Give the level of Lambda's own filter for the level that the logger writes: DEBUG, or else INFO.

    Never above: Lambda takes a line without a level, as metrics are, for INFO (Lambda Developer Guide,
    "Log-level filtering"), and would drop it. What is less severe than asked for, the logger leaves out.
    """
    return "DEBUG" if level == "DEBUG" else "INFO"


def _database_environment(database: DatabaseAccess) -> dict[str, pulumi.Input[str]]:
    return {
        "DATABASE_HOST": database.host,
        "DATABASE_PORT": pulumi.Output.from_input(database.port).apply(str),
        "DATABASE_NAME": database.name,
        "DATABASE_SECRET_ARN": database.secret_arn,
        "DATABASE_PROXIED": "true" if database.proxied else "false",
    }
