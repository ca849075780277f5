"""A check that every resource passes: its report is the list of resources that checkov has seen."""

from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class Seen(BaseResourceCheck):
    """Passes for everything."""

    def __init__(self) -> None:
        super().__init__(
            name="Seen by checkov",
            id="CKV_SEEN_1",
            categories=[CheckCategories.CONVENTION],
            supported_resources=["*"],
        )

    def scan_resource_conf(self, conf: dict[str, Any]) -> CheckResult:  # noqa: ARG002 - checkov's signature
        """Pass."""
        return CheckResult.PASSED


check = Seen()
