"""How many vCPU a stack's tasks may want at once, and whether the account's Fargate quota has as many.

A quota that is too small fails nothing: tasks that find no room wait. It only makes waiting the rule, so
`make preview` says it before anything is deployed.
"""

from typing import Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from components.stack_config import StackConfig
from components.task_sizes import larger_sizes
from tools.prerequisites import Check

_NAME: Final = "fargate"
_CPU_UNITS_PER_VCPU: Final = 1024
_SERVICE_QUOTAS: Final = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
# As `aws service-quotas list-service-quotas --service-code fargate` lists them.
_ON_DEMAND: Final = ("L-3032A538", "Fargate On-Demand vCPU")
_SPOT: Final = ("L-36FBB829", "Fargate Spot vCPU")


def most_vcpus(config: StackConfig) -> float:
    """Give the vCPU of all tasks that may run at once, each of the size that a job begins with."""
    return config.jobs.max_running_tasks * config.task.task_cpu_units / _CPU_UNITS_PER_VCPU


def most_vcpus_of_largest_tasks(config: StackConfig) -> float:
    """Give the same for tasks that have all grown as far as they may."""
    task = config.task
    sizes = larger_sizes(task.task_cpu_units, task.task_memory_mib, task.task_memory_max_mib)
    cpu_units = max([task.task_cpu_units, *(size.cpu_units for size in sizes)])
    return config.jobs.max_running_tasks * cpu_units / _CPU_UNITS_PER_VCPU


def check_fargate_quota(region: str, config: StackConfig) -> Check:
    """Compare what the tasks may want with the account's quotas, for Spot too where it is tried first."""
    wanted = most_vcpus(config)
    client = boto3.Session(region_name=region).client("service-quotas", config=_SERVICE_QUOTAS)
    kinds = (_ON_DEMAND, _SPOT) if config.jobs.fargate_spot else (_ON_DEMAND,)
    found = []
    for code, name in kinds:
        try:
            quota = client.get_service_quota(ServiceCode="fargate", QuotaCode=code)["Quota"]["Value"]
        except (BotoCoreError, ClientError) as error:
            return Check(
                name=_NAME, found=f"the quota cannot be asked for ({type(error).__name__}); look at it"
            )
        found.append(f"{name}: the account has {quota:g}, the stack's tasks may want {wanted:g}")
        if quota < wanted:
            fitting = int(quota * _CPU_UNITS_PER_VCPU // config.task.task_cpu_units)
            remedy = f"raise {name} ({code}) in Service Quotas to {wanted:g}"
            if fitting:
                remedy += f", or let fewer run: pulumi config set max_running_tasks {fitting}"
            return Check(name=_NAME, found=found[-1], remedy=remedy)
    return Check(name=_NAME, found="; ".join(found))
