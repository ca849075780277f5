"""What a stack asks of its account's quotas, reckoned from the configuration."""

import math
from dataclasses import dataclass

from components.stack_config import StackConfig
from components.task_sizes import larger_sizes

# ingest, maintain, outcome, sweep, webhooks and webhook-sender: a contract test counts them.
BACKGROUND_FUNCTIONS = 6
# Of the function `health`, where runs are kept for the API.
HEALTH_RUNS = 2
# Lambda keeps this many for functions without a reserve: https://docs.aws.amazon.com/lambda/latest/dg/
# configuration-concurrency.html
UNRESERVED_RUNS = 100
_CPU_UNITS_PER_VCPU = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaNeed:
    """One quota of Service Quotas, and what a stack takes of it.

    Attributes:
        name: what is counted, as people say it.
        service: service code of Service Quotas.
        code: quota code, the same in every region.
        least: below this something can never run.
        wanted: below this something has to wait.
        reckoned: how ``wanted`` comes about.
    """

    name: str
    service: str
    code: str
    least: int
    wanted: int
    reckoned: str


def most_vcpus(config: StackConfig) -> float:
    """Give the vCPU of all tasks that may run at once, each of the size that a job begins with."""
    return config.jobs.max_running_tasks * config.task.task_cpu_units / _CPU_UNITS_PER_VCPU


def most_vcpus_of_largest_tasks(config: StackConfig) -> float:
    """Give the same for tasks that have all grown as far as they may."""
    task = config.task
    sizes = larger_sizes(task.task_cpu_units, task.task_memory_mib, task.task_memory_max_mib)
    cpu_units = max([task.task_cpu_units, *(size.cpu_units for size in sizes)])
    return config.jobs.max_running_tasks * cpu_units / _CPU_UNITS_PER_VCPU


def quota_needs(config: StackConfig) -> tuple[QuotaNeed, ...]:
    """Give what a stack takes of the quotas that new accounts have little of."""
    kinds = [("Fargate on-demand vCPU", "L-3032A538")]
    if config.jobs.fargate_spot:
        kinds.append(("Fargate Spot vCPU", "L-36FBB829"))
    tasks, vcpus = config.jobs.max_running_tasks, config.task.task_cpu_units / _CPU_UNITS_PER_VCPU
    least, wanted = math.ceil(most_vcpus_of_largest_tasks(config) / tasks), math.ceil(most_vcpus(config))
    reckoned = f"max_running_tasks is {tasks}, of {vcpus:g} vCPU each"
    fargate = [
        QuotaNeed(name=name, service="fargate", code=code, least=least, wanted=wanted, reckoned=reckoned)
        for name, code in kinds
    ]
    rate = config.api.api_rate_limit_per_second
    throttle = QuotaNeed(
        name="API Gateway calls a second",
        service="apigateway",
        code="L-8A5B8E43",
        least=1,
        wanted=rate,
        reckoned=f"api_rate_limit_per_second is {rate}",
    )
    return (*fargate, throttle)


def reserved_runs(config: StackConfig) -> int:
    """Give how many concurrent runs of functions a stack keeps for itself."""
    functions = config.functions
    background = BACKGROUND_FUNCTIONS * functions.background_reserved_concurrency
    health = HEALTH_RUNS if functions.api_reserved_concurrency else 0
    return functions.api_reserved_concurrency + health + background


def public_addresses(config: StackConfig) -> int:
    """Give how many Elastic IP addresses the NAT gateways take."""
    network = config.network
    return {"none": 0, "single": 1, "per-az": network.availability_zones}[network.nat_strategy]
