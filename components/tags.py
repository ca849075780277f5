"""The tags that every taggable resource of the platform carries."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Ownership of a stack, written on each resource.

    Attributes:
        project: Pulumi project name.
        stack: Pulumi stack name.
        owner: team that answers for the stack and its bill.
    """

    project: str
    stack: str
    owner: str

    def of(self, component: str, **extra: str) -> dict[str, str]:
        """Give the tags for one resource of a component.

        Args:
            component: component the resource belongs to, for example ``network``.
            extra: further tags, for example ``Name="video-processing-vpc-dev"``.
        """
        return {
            "project": self.project,
            "stack": self.stack,
            "owner": self.owner,
            "component": component,
            "managed-by": "pulumi",
            **extra,
        }
