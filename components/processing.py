"""Where tasks run and from which image: the Fargate cluster and the container repository."""

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from artifacts.image import image_content_hash
from components.choices import Architecture
from components.naming import CLUSTER_BASE_NAME, NameKind, Names
from components.settings import ProtectionSettings
from components.tags import Tags

_PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}
# A push with an attestation leaves three objects: an index with the tag, and two manifests without one.
_OBJECTS_PER_PUSH = 3
_KEPT_PUSHES = 20
_UNTAGGED_KEPT_DAYS = 7
_ECR_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)[:@].+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingArgs:
    """Name and origin of what tasks need before they exist.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        image_uri: ready image; empty builds one from the repository.
        architecture: processor architecture of a built image.
        key_arn: key that encrypts the images and the tasks' scratch disks.
        protection: whether to refuse to delete the image repository while it holds images.
    """

    names: Names
    tags: Tags
    image_uri: str
    architecture: Architecture
    key_arn: pulumi.Input[str]
    protection: ProtectionSettings


class Processing(pulumi.ComponentResource):
    """Creates the cluster with both Fargate capacity providers and builds the image unless one is given.

    The image's tag is the hash of what it is built from: an unchanged image is not pushed again, and a
    changed one never meets an immutable tag.
    """

    cluster_name: pulumi.Output[str]
    cluster_arn: pulumi.Output[str]
    image: pulumi.Output[str]

    def __init__(self, name: str, args: ProcessingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:processing:Processing", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        cluster = self._build_cluster()
        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.image = pulumi.Output.from_input(args.image_uri) if args.image_uri else self._build_image()
        self.register_outputs(
            {"cluster_name": self.cluster_name, "cluster_arn": self.cluster_arn, "image": self.image}
        )

    @property
    def repository_arn(self) -> str | None:
        """ECR repository that tasks must be allowed to pull from; None for an image from elsewhere."""
        return pulled_repository_arn(self._args.names, self._args.image_uri)

    def _build_cluster(self) -> aws.ecs.Cluster:
        args = self._args
        cluster = aws.ecs.Cluster(
            f"{self._name}-cluster",
            name=args.names.physical(NameKind.CLUSTER, CLUSTER_BASE_NAME),
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enabled")],
            configuration=aws.ecs.ClusterConfigurationArgs(
                managed_storage_configuration=aws.ecs.ClusterConfigurationManagedStorageConfigurationArgs(
                    fargate_ephemeral_storage_kms_key_id=args.key_arn
                )
            ),
            tags=args.tags.of("processing"),
            opts=self._child,
        )
        aws.ecs.ClusterCapacityProviders(
            f"{self._name}-capacity",
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            default_capacity_provider_strategies=[
                aws.ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs(
                    capacity_provider="FARGATE", weight=1
                )
            ],
            opts=self._child,
        )
        return cluster

    def _build_image(self) -> pulumi.Output[str]:
        args = self._args
        repository = awsx.ecr.Repository(
            f"{self._name}-repository",
            name=repository_name(args.names),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            lifecycle_policy=_lifecycle(),
            force_delete=not args.protection.deletion_protection,
            tags=args.tags.of("processing"),
            opts=self._child,
        )
        return awsx.ecr.Image(
            f"{self._name}-image",
            repository_url=repository.url,
            context=".",
            dockerfile="services/processor/Dockerfile",
            platform=_PLATFORMS[args.architecture],
            # The architecture is no file, but changes the image as well, and tags are final.
            image_tag=f"{image_content_hash()}-{args.architecture}",
            # Another tag is another resource. Deleting the one before would delete its image from ECR, which
            # running executions still start their retries from; the lifecycle policy ends it later.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        ).image_uri


def _lifecycle() -> awsx.ecr.LifecyclePolicyArgs:
    """What goes: pushes beyond the last ones, and manifests that no tagged index holds.

    ECR counts all three objects of a push, and does not expire a manifest that an index refers to (ECR User
    Guide, "Lifecycle policy evaluation rules"; "Lifecycle policy properties": a rule for any tag comes last).
    """
    return awsx.ecr.LifecyclePolicyArgs(
        rules=[
            awsx.ecr.LifecyclePolicyRuleArgs(
                description=f"forget untagged images after {_UNTAGGED_KEPT_DAYS} days",
                tag_status=awsx.ecr.LifecycleTagStatus.UNTAGGED,
                maximum_age_limit=_UNTAGGED_KEPT_DAYS,
            ),
            awsx.ecr.LifecyclePolicyRuleArgs(
                description=f"keep the last {_KEPT_PUSHES} pushes of {_OBJECTS_PER_PUSH} objects",
                tag_status=awsx.ecr.LifecycleTagStatus.ANY,
                maximum_number_of_images=_KEPT_PUSHES * _OBJECTS_PER_PUSH,
            ),
        ]
    )


def repository_name(names: Names) -> str:
    """Name the repository that the stack's own image is pushed to."""
    return names.physical(NameKind.REPOSITORY, "video-processor")


def pulled_repository_arn(names: Names, image_uri: str) -> str | None:
    """Find the ECR repository that tasks must be allowed to pull from.

    Args:
        names: physical names and ARNs of the stack.
        image_uri: configured image; empty for the stack's own.

    Returns:
        ARN of the repository, or None when the image is not in ECR and needs no permission.
    """
    if not image_uri:
        return names.arn("ecr", f"repository/{repository_name(names)}")
    found = _ECR_IMAGE.fullmatch(image_uri)
    return f"arn:aws:ecr:{found[2]}:{found[1]}:repository/{found[3]}" if found else None
