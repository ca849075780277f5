"""Addresses of the AWS console pages that people open first when they look after a stack."""

from dataclasses import dataclass
from urllib.parse import quote

import pulumi

from components.naming import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLinks:
    """Builds console addresses of one region.

    Attributes:
        names: physical names and ARNs of the stack.
    """

    names: Names

    def state_machine(self, arn: pulumi.Input[str]) -> pulumi.Output[str]:
        """Give the page with the executions of a state machine."""
        return pulumi.Output.concat(self._home("states"), "#/statemachines/view/", arn)

    def cluster(self, name: pulumi.Input[str]) -> pulumi.Output[str]:
        """Give the page with the tasks of an ECS cluster."""
        region = self.names.region
        return pulumi.Output.concat(self._page("ecs/v2/clusters/"), name, f"/tasks?region={region}")

    def log_group(self, name: pulumi.Input[str]) -> pulumi.Output[str]:
        """Give the page of a CloudWatch log group."""
        escaped = pulumi.Output.from_input(name).apply(_twice_quoted)
        return pulumi.Output.concat(self._home("cloudwatch"), "#logsV2:log-groups/log-group/", escaped)

    def function_log(self, function_name: pulumi.Input[str]) -> pulumi.Output[str]:
        """Give the page of a Lambda function's log group."""
        return self.log_group(pulumi.Output.concat("/aws/lambda/", function_name))

    def _home(self, service: str) -> str:
        return self._page(f"{service}/home?region={self.names.region}")

    def _page(self, path: str) -> str:
        return f"https://{self.names.region}.console.aws.amazon.com/{path}"


def _twice_quoted(name: str) -> str:
    # The part behind # is decoded twice by the console, whose own links write a slash as $252F.
    return quote(quote(name, safe=""), safe="").replace("%", "$")
