"""Names that AWS would refuse and policies that the platform refuses."""

import pytest

from components.naming import InvalidNameError, NameKind, Names, checked_name
from components.policies import PolicyError, Statement, policy_document, trust_policy
from components.processing import pulled_repository_arn
from components.tags import Tags

NAMES = Names(stack="dev", region="ap-northeast-1", account_id="123456789012")


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (NameKind.FUNCTION, 64),
        (NameKind.QUEUE, 80),
        (NameKind.CACHE_GROUP, 40),
        (NameKind.DATABASE_INSTANCE, 63),
        (NameKind.STATE_MACHINE, 80),
        (NameKind.RULE, 64),
    ],
)
def test_a_name_may_be_as_long_as_aws_allows_and_no_longer(kind: NameKind, limit: int) -> None:
    assert checked_name(kind, "a" * limit) == "a" * limit
    with pytest.raises(InvalidNameError, match=rf"has {limit + 1} characters, but AWS allows {limit}"):
        checked_name(kind, "a" * (limit + 1))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (NameKind.CACHE_GROUP, "video_cache"),
        (NameKind.CACHE_GROUP, "video--cache"),
        (NameKind.DATABASE_INSTANCE, "1database"),
        (NameKind.REPOSITORY, "Video"),
        (NameKind.FUNCTION, "video.api"),
        (NameKind.TOPIC, ""),
    ],
)
def test_a_name_with_characters_that_aws_refuses_is_refused_here(kind: NameKind, name: str) -> None:
    with pytest.raises(InvalidNameError, match="does not match"):
        checked_name(kind, name)


def test_a_stack_name_that_makes_a_name_too_long_is_refused_with_the_remedy() -> None:
    names = Names(stack="a" * 60, region="ap-northeast-1", account_id="123456789012")
    with pytest.raises(InvalidNameError, match="Use a shorter stack name"):
        names.physical(NameKind.FUNCTION, "video-api")


def test_arns_name_region_and_account() -> None:
    assert NAMES.arn("sqs", "queue") == "arn:aws:sqs:ap-northeast-1:123456789012:queue"


def test_a_statement_that_allows_everything_is_refused() -> None:
    with pytest.raises(PolicyError, match="name the actions"):
        Statement(sid="Everything", actions=["*"], resources=["arn:aws:s3:::bucket"])


def test_every_resource_is_refused_unless_the_reason_is_recorded() -> None:
    with pytest.raises(PolicyError, match="WILDCARD_REASONS"):
        Statement(sid="ReadAnything", actions=["s3:GetObject"], resources=["*"])
    assert Statement(sid="SendTraces", actions=["xray:PutTraceSegments"], resources=["*"])


@pytest.mark.parametrize("sid", ["", "Read Sources", "read-sources"])
def test_a_sid_that_iam_refuses_is_refused_here(sid: str) -> None:
    with pytest.raises(PolicyError, match="letters and digits"):
        Statement(sid=sid, actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*"])


def test_a_statement_needs_an_action_and_a_resource() -> None:
    with pytest.raises(PolicyError, match="at least one action and one resource"):
        Statement(sid="Nothing", actions=[], resources=["arn:aws:s3:::bucket"])


def test_two_statements_with_one_sid_are_refused() -> None:
    statement = Statement(sid="Read", actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*"])
    with pytest.raises(PolicyError, match="Read"):
        policy_document([statement, statement])


def test_a_trust_policy_names_the_account_when_the_service_sends_it() -> None:
    assert '"aws:SourceAccount": "123456789012"' in trust_policy(
        "states.amazonaws.com", source_account_id="123456789012"
    )
    assert "Condition" not in trust_policy("lambda.amazonaws.com", source_account_id=None)


@pytest.mark.parametrize(
    ("image_uri", "expected"),
    [
        ("", "arn:aws:ecr:ap-northeast-1:123456789012:repository/video-processor-dev"),
        (
            "210987654321.dkr.ecr.eu-west-1.amazonaws.com/media/processor:1.2",
            "arn:aws:ecr:eu-west-1:210987654321:repository/media/processor",
        ),
        (
            "210987654321.dkr.ecr.eu-west-1.amazonaws.com/processor@sha256:abc",
            "arn:aws:ecr:eu-west-1:210987654321:repository/processor",
        ),
        ("public.ecr.aws/x/processor:1", None),
    ],
)
def test_tasks_may_pull_from_the_repository_of_their_image_only(image_uri: str, expected: str | None) -> None:
    assert pulled_repository_arn(NAMES, image_uri) == expected


def test_tags_name_project_stack_owner_component_and_tool() -> None:
    tags = Tags(project="video-platform", stack="dev", owner="media-team").of("network", Name="vpc")
    assert tags == {
        "project": "video-platform",
        "stack": "dev",
        "owner": "media-team",
        "component": "network",
        "managed-by": "pulumi",
        "Name": "vpc",
    }
