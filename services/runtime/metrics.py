"""What the scheduled functions did, as metrics in their log lines (CloudWatch embedded metric format)."""

from collections.abc import Mapping

NAMESPACE = "VideoPlatform"


def emit(counts: Mapping[str, int], *, stack: str) -> None:
    """Writes one metric for each count, with the function's name and the stack as dimensions.

    Args:
        counts: How many things were found or done, by name in snake_case.
        stack: Name of the deployment.
    """
    if not counts:
        return
    # Only scheduled functions write metrics; the others must not load this.
    from aws_lambda_powertools import Metrics
    from aws_lambda_powertools.metrics import MetricUnit

    metrics = Metrics(namespace=NAMESPACE)
    metrics.add_dimension(name="stack", value=stack)
    for name, count in counts.items():
        metrics.add_metric(name=metric_name(name), unit=MetricUnit.Count, value=count)
    metrics.flush_metrics()


def metric_name(count_name: str) -> str:
    """`videos_purged` as CloudWatch shows it: `VideosPurged`."""
    return "".join(word.capitalize() for word in count_name.split("_"))
