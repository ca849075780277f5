"""The state machine that drives each job, and the function that settles jobs that end badly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.naming import NameKind
from components.notifications import Topics
from components.orders import build_order_function
from components.policies import Statement, policy_document, send_traces, trust_policy, use_key
from components.queues import EventSource, build_dead_letter_queue, close_queue, refuse_redrive
from components.rules import call_by_rule
from components.settings import ChunkingSettings, JobSettings, RestoreSettings, TaskSettings
from components.storage import MediaBuckets
from components.task import CONTAINER_NAME
from components.task_sizes import larger_sizes
from components.workflow_policies import deliver_logs, run_distributed_map, run_tasks
from workflow.loader import load_definition

_OUTCOME_TIMEOUT_SECONDS = 25  # below the 30 s that the workflow waits for it
_EVENT_AGE_SECONDS = 3600
_EVENT_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowArgs:
    """What the state machine runs, tells and may take.

    Attributes:
        platform: what all functions share.
        jobs: how long an execution and its processing state may take, how many run at the same time, and
            where a first try runs.
        chunking: most tasks that encode chunks of one job at once.
        task: size that a task begins with, and how far it may grow.
        cluster_arn: cluster that tasks run in.
        cluster_name: its name.
        task_definition_arn: task that processes a video.
        task_role_arn: role of the running task.
        execution_role_arn: role that starts the task.
        task_subnet_ids: private subnets.
        task_security_group_id: group of the tasks.
        topics: topics and the key that encrypts them and the queue.
        restore: how these files come out of the archive.
        buckets: where the files of executions are that people start.
    """

    platform: FunctionPlatform
    jobs: JobSettings
    chunking: ChunkingSettings
    task: TaskSettings
    cluster_arn: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    task_definition_arn: pulumi.Input[str]
    task_role_arn: pulumi.Input[str]
    execution_role_arn: pulumi.Input[str]
    task_subnet_ids: pulumi.Input[Sequence[str]]
    task_security_group_id: pulumi.Input[str]
    topics: Topics
    restore: RestoreSettings
    buckets: MediaBuckets


class Workflow(pulumi.ComponentResource):
    """Creates the state machine with its role and log, its functions outcome and order, and their rules.

    The rules cover what the graph itself cannot: executions that time out or are aborted, tasks that stop
    without answering, and the start of who waits for the slot of an execution that has ended.
    """

    state_machine_arn: pulumi.Output[str]
    state_machine_name: pulumi.Output[str]
    outcome_function_name: pulumi.Output[str]
    order_function_name: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:workflow:Workflow", name, None, opts)
        self._name = name
        self._args = args
        self._names = args.platform.names
        self._child = pulumi.ResourceOptions(parent=self)
        self._machine_name = self._names.physical(NameKind.STATE_MACHINE, "video-processing-workflow")
        # Not the output: the machine needs the function that needs this.
        self._machine_arn = self._names.arn("states", f"stateMachine:{self._machine_name}")
        # Log delivery to a vended name needs no resource policy, which has a size limit for the whole
        # account.
        self._log_group_name = self._names.log_group("/aws/vendedlogs/states", self._machine_name)

        dead_letters = build_dead_letter_queue(
            f"{name}-dead-letters",
            physical_name=self._names.physical(NameKind.QUEUE, "video-events-dead-letters"),
            key_arn=args.topics.key_arn,
            tags=args.platform.tags.of("workflow"),
            parent=self,
        )
        refuse_redrive(f"{name}-dead-letters-sources", dead_letters, parent=self)
        outcome = self._build_outcome_function(dead_letters)
        order = build_order_function(
            f"{name}-order", args.platform, args.jobs, args.restore, args.buckets, parent=self
        )
        machine = self._build_machine(outcome, order)
        rules = self._build_rules(machine, outcome, dead_letters)
        sources = [
            EventSource(sid=f"KeepEvents{number}", service="events.amazonaws.com", arn=rule.arn)
            for number, rule in enumerate(rules, start=1)
        ]
        close_queue(f"{name}-dead-letters-policy", dead_letters, sources, parent=self)
        self.state_machine_arn = machine.arn
        self.state_machine_name = machine.name
        self.outcome_function_name = outcome.function_name
        self.order_function_name = order.function_name
        self.dead_letter_queue_url = dead_letters.url
        self.log_group_name = pulumi.Output.from_input(self._log_group_name)
        self.register_outputs(
            {
                "state_machine_arn": self.state_machine_arn,
                "state_machine_name": self.state_machine_name,
                "outcome_function_name": self.outcome_function_name,
                "order_function_name": self.order_function_name,
                "dead_letter_queue_url": self.dead_letter_queue_url,
                "log_group_name": self.log_group_name,
            }
        )

    def _build_outcome_function(self, dead_letters: aws.sqs.Queue) -> LambdaFunction:
        args = self._args
        return LambdaFunction(
            f"{self._name}-outcome",
            LambdaFunctionArgs(
                platform=args.platform,
                role="outcome",
                reserved_concurrency=args.platform.settings.background_reserved_concurrency or None,
                handler="orchestration.outcome.handler",
                description="Settles jobs whose execution ended and starts those that wait for their slot",
                timeout_seconds=_OUTCOME_TIMEOUT_SECONDS,
                environment={
                    "STATE_MACHINE_ARN": self._machine_arn,
                    "MAX_RUNNING_JOBS": str(args.jobs.max_running_jobs),
                    "MAX_RUNNING_TASKS": str(args.jobs.max_running_tasks),
                    "WAITING_TIMEOUT_SECONDS": str(args.jobs.waiting_timeout_seconds),
                },
                statements=[
                    Statement(
                        sid="StartWorkflow", actions=["states:StartExecution"], resources=[self._machine_arn]
                    ),
                    Statement(sid="AnswerTaskTokens", actions=["states:SendTaskFailure"], resources=["*"]),
                    use_key("UseMessagesKey", args.topics.key_arn, write=True),
                ],
                dead_letter_queue_arn=dead_letters.arn,
            ),
            opts=self._child,
        )

    def _build_machine(self, outcome: LambdaFunction, order: LambdaFunction) -> aws.sfn.StateMachine:
        platform = self._args.platform
        log_group = platform.logs.group(
            f"{self._name}-logs", self._log_group_name, tags=platform.tags.of("workflow"), parent=self
        )
        role, policy = self._build_role(outcome, order)
        return aws.sfn.StateMachine(
            f"{self._name}-machine",
            name=self._machine_name,
            type="STANDARD",
            role_arn=role.arn,
            definition=self._definition(outcome, order),
            logging_configuration=aws.sfn.StateMachineLoggingConfigurationArgs(
                level="ALL",
                include_execution_data=True,
                log_destination=pulumi.Output.concat(log_group.arn, ":*"),
            ),
            tracing_configuration=aws.sfn.StateMachineTracingConfigurationArgs(enabled=True),
            tags=platform.tags.of("workflow"),
            # Step Functions tests at creation whether the role may deliver logs.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _build_role(
        self, outcome: LambdaFunction, order: LambdaFunction
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        platform = self._args.platform
        role = aws.iam.Role(
            f"{self._name}-role",
            description="Runs the video-processing state machine",
            assume_role_policy=trust_policy("states.amazonaws.com", source_account_id=self._names.account_id),
            tags=platform.tags.of("workflow"),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-policy",
            role=role.name,
            policy=policy_document(self._statements(outcome, order)),
            opts=self._child,
        )
        return role, policy

    def _definition(self, outcome: LambdaFunction, order: LambdaFunction) -> pulumi.Output[str]:
        args = self._args
        task = args.task
        larger = larger_sizes(task.task_cpu_units, task.task_memory_mib, task.task_memory_max_mib)
        values: dict[str, Any] = {
            "stack": self._names.stack,
            "execution_timeout_seconds": args.jobs.execution_timeout_seconds,
            "task_timeout_seconds": args.jobs.task_stops_at_seconds,
            "first_capacity_provider": "FARGATE_SPOT" if args.jobs.fargate_spot else "FARGATE",
            "chunk_max_concurrency": args.chunking.chunk_max_concurrency,
            "task_cpu_units": task.task_cpu_units,
            "task_memory_mib": task.task_memory_mib,
            "larger_task_sizes": [size.as_dict() for size in larger],
            "container_name": CONTAINER_NAME,
            "cluster_arn": args.cluster_arn,
            "task_definition_arn": args.task_definition_arn,
            "subnet_ids": args.task_subnet_ids,
            "security_group_id": args.task_security_group_id,
            "outcome_function_arn": outcome.arn,
            "order_function_arn": order.arn,
            "completion_topic_arn": args.topics.completion_arn,
            "error_topic_arn": args.topics.error_arn,
        }
        return pulumi.Output.all(**values).apply(load_definition)

    def _statements(self, outcome: LambdaFunction, order: LambdaFunction) -> list[Statement]:
        args = self._args
        topics = [args.topics.completion_arn, args.topics.error_arn]
        return [
            *run_tasks(
                self._names,
                cluster_arn=args.cluster_arn,
                cluster_name=args.cluster_name,
                role_arns=[args.task_role_arn, args.execution_role_arn],
            ),
            *run_distributed_map(self._names, self._machine_name),
            Statement(sid="RecordOutcome", actions=["lambda:InvokeFunction"], resources=[outcome.arn]),
            Statement(sid="TakeOrders", actions=["lambda:InvokeFunction"], resources=[order.arn]),
            Statement(sid="Announce", actions=["sns:Publish"], resources=topics),
            use_key("UseMessagesKey", args.topics.key_arn, write=True),
            # Step Functions itself asks for the sampling rules; for functions Lambda does.
            send_traces(sampling=True),
            deliver_logs(),
        ]

    def _build_rules(
        self, machine: aws.sfn.StateMachine, outcome: LambdaFunction, dead_letters: aws.sqs.Queue
    ) -> list[aws.cloudwatch.EventRule]:
        ended = {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {
                "stateMachineArn": [machine.arn],
                "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
            },
        }
        task_stopped = {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {"clusterArn": [self._args.cluster_arn], "lastStatus": ["STOPPED"]},
        }
        return [
            self._build_rule("execution-ended", "Executions that ended", ended, outcome, dead_letters),
            self._build_rule("task-stopped", "Tasks that stopped", task_stopped, outcome, dead_letters),
        ]

    def _build_rule(
        self,
        role: str,
        description: str,
        pattern: dict[str, Any],
        outcome: LambdaFunction,
        dead_letters: aws.sqs.Queue,
    ) -> aws.cloudwatch.EventRule:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-{role}",
            name=self._names.physical(NameKind.RULE, f"video-{role}"),
            description=description,
            event_pattern=pulumi.Output.json_dumps(pattern),
            tags=self._args.platform.tags.of("workflow"),
            opts=self._child,
        )
        call_by_rule(
            f"{self._name}-{role}",
            rule,
            outcome,
            retry=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=_EVENT_AGE_SECONDS, maximum_retry_attempts=_EVENT_ATTEMPTS
            ),
            dead_letters=dead_letters,
            parent=self,
        )
        return rule
