"""Enforces what definitions say about time and the emulator ignores: heartbeats and machine limits."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from local.agent.broker import TokenBroker
from local.agent.definition import MachineRules, WaitingState, read_rules
from local.aws import AwsAccess

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
_MACHINES_SECONDS = 5.0  # between two looks for machines that were deployed or updated


class DeadlineKeeper:
    """Watches tickets and running executions until it is stopped.

    Args:
        access: The emulator as the account owner.
        broker: Fails the states of silent tasks.
    """

    def __init__(self, access: AwsAccess, broker: TokenBroker) -> None:
        self._access = access
        self._broker = broker
        self._rules: dict[tuple[str, str], MachineRules] = {}
        self._limited: list[MachineRules] = []
        self._next_machines = 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        """Check once a second until ``stop``; an emulator that is away is asked again."""
        while not self._ended.wait(_POLL_SECONDS):
            try:
                self.check()
            except (ClientError, BotoCoreError, OSError):
                _LOGGER.exception("deadlines could not be checked")

    def stop(self) -> None:
        """End ``run`` soon."""
        self._ended.set()

    def check(self) -> None:
        """Enforce every deadline that has passed now."""
        self._broker.time_out_silent_tasks()
        if time.monotonic() >= self._next_machines:
            self._limited = [rules for rules in self.rules() if rules.timeout_seconds is not None]
            self._next_machines = time.monotonic() + _MACHINES_SECONDS
        for rules in self._limited:
            self._stop_overdue(rules)

    def rules(self) -> list[MachineRules]:
        """Give the rules of every deployed machine, read anew when one was updated."""
        client = self._access.client("stepfunctions")
        machines = client.list_state_machines()["stateMachines"]
        return [self._rules_of(machine["stateMachineArn"]) for machine in machines]

    def state_of(self, overrides: Mapping[str, str]) -> WaitingState | None:
        """Find the deployed state that started a task, by the variables it was given."""
        for rules in self.rules():
            state = rules.state_of(overrides)
            if state is None:
                continue
            execution_arn = overrides.get(state.execution_variable or "")
            if not execution_arn or _machine_name(execution_arn) == _machine_name(rules.machine_arn):
                return state
        return None

    def _rules_of(self, machine_arn: str) -> MachineRules:
        described = self._access.client("stepfunctions").describe_state_machine(stateMachineArn=machine_arn)
        key = (machine_arn, described["definition"])
        if key not in self._rules:
            self._rules[key] = read_rules(*key)
        return self._rules[key]

    def _stop_overdue(self, rules: MachineRules) -> None:
        client = self._access.client("stepfunctions")
        running = client.list_executions(stateMachineArn=rules.machine_arn, statusFilter="RUNNING")
        limit = dt.timedelta(seconds=rules.timeout_seconds or 0)
        for execution in running["executions"]:
            if dt.datetime.now(dt.UTC) - execution["startDate"] > limit:
                # The API cannot say TIMED_OUT, so the execution ends ABORTED with the error AWS would give.
                cause = f"The execution ran longer than TimeoutSeconds {rules.timeout_seconds:g}."
                client.stop_execution(
                    executionArn=execution["executionArn"], error="States.Timeout", cause=cause
                )


def _machine_name(arn: str) -> str:
    return arn.split(":")[6]
