"""CloudFront before the media bucket: what a stack with it creates, and who may read what."""

import json
from pathlib import Path

import pytest

from components.config import parse_config
from components.config_values import ConfigError
from local.paths import REPOSITORY_ROOT
from local.program import ProgramRun
from local.stack_config import load_stack_settings
from tests.synthesised import one, resources, role_statements, synthesised, synthesised_with

ORIGINS = ["https://console.example.com"]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> ProgramRun:
    directory = tmp_path_factory.mktemp("edge")
    return synthesised_with("dev", directory, delivery="edge", cors_origins=ORIGINS)


def test_a_stack_without_an_edge_has_nothing_of_it() -> None:
    run = synthesised("dev")

    assert [entry.type for entry in run.registrations.values() if "cloudfront" in entry.type] == []
    assert "kms:keyPolicy" not in {entry.type for entry in run.registrations.values()}


def test_the_bucket_is_read_by_this_distribution_alone_and_over_tls(edge: ProgramRun) -> None:
    distribution = edge.created[one(edge, "delivery-distribution").urn].outputs["arn"]
    document = json.loads(one(edge, "delivery-bucket-policy").inputs["policy"])
    found = {statement["Sid"]: statement for statement in document["Statement"]}
    bucket = edge.created[one(edge, "storage-media-bucket").urn].outputs["arn"]

    assert found["ReadMedia"]["Resource"] == [f"{bucket}/videos/*"]
    assert found["ReadMedia"]["Action"] == ["s3:GetObject"]
    assert found["TellWhatIsMissing"]["Action"] == ["s3:ListBucket"]
    for sid in ("ReadMedia", "TellWhatIsMissing"):
        assert found[sid]["Condition"] == {"StringEquals": {"AWS:SourceArn": distribution}}
    assert [item["Effect"] for item in found.values()].count("Deny") == 1
    policies = [entry.inputs["bucket"] for entry in resources(edge, ":BucketPolicy")]
    assert len(policies) == len(set(policies)) == 3, "each bucket has one policy"


def test_the_key_of_the_media_is_used_by_this_distribution_alone(edge: ProgramRun) -> None:
    (policy,) = resources(edge, ":KeyPolicy")
    statements = json.loads(policy.inputs["policy"])["Statement"]
    distribution = edge.created[one(edge, "delivery-distribution").urn].outputs["arn"]

    assert [item["Sid"] for item in statements] == ["AdministerKey", "DelegateUseToIam", "DeliverMedia"]
    assert statements[2]["Action"] == ["kms:Decrypt"]
    assert statements[2]["Condition"] == {"StringEquals": {"AWS:SourceArn": distribution}}
    assert "policy" not in one(edge, "encryption-media").inputs


def test_nothing_refers_to_itself_in_a_circle(edge: ProgramRun) -> None:
    waiting = {urn: set(entry.dependencies) for urn, entry in edge.registrations.items()}
    done: set[str] = set()
    while ready := {urn for urn, needs in waiting.items() if needs <= done}:
        done |= ready
        waiting = {urn: needs for urn, needs in waiting.items() if urn not in done}

    assert waiting == {}


def test_every_request_goes_through_the_function(edge: ProgramRun) -> None:
    inputs = one(edge, "delivery-distribution").inputs
    behaviour = inputs["defaultCacheBehavior"]
    function = one(edge, "delivery-function")

    assert "orderedCacheBehaviors" not in inputs
    assert [item["eventType"] for item in behaviour["functionAssociations"]] == ["viewer-request"]
    assert behaviour["viewerProtocolPolicy"] == "https-only"
    assert inputs["origins"][0]["originAccessControlId"]
    assert one(edge, "delivery-access").inputs["signingBehavior"] == "always"
    assert function.inputs["runtime"] == "cloudfront-js-2.0"
    assert f"const ORIGINS = {json.dumps(ORIGINS)};" in function.inputs["code"]


def test_viewers_share_the_cache(edge: ProgramRun) -> None:
    policy = one(edge, "delivery-cache").inputs
    counted = policy["parametersInCacheKeyAndForwardedToOrigin"]

    assert counted["cookiesConfig"] == {"cookieBehavior": "none"}
    assert counted["headersConfig"] == {"headerBehavior": "none"}
    assert counted["queryStringsConfig"] == {"queryStringBehavior": "none"}
    assert "originRequestPolicyId" not in one(edge, "delivery-distribution").inputs["defaultCacheBehavior"]


def test_the_key_of_links_is_not_in_the_state(edge: ProgramRun) -> None:
    secret = edge.created[one(edge, "edge-writer-secret").urn].outputs["arn"]
    versions = [entry.inputs["secretId"] for entry in resources(edge, ":SecretVersion")]

    assert secret not in versions
    assert resources(edge, ":KeyvaluestoreKey") == resources(edge, ":KeyvaluestoreKeysExclusive") == []


def test_one_function_writes_to_the_store_and_the_api_only_reads_keys(edge: ProgramRun) -> None:
    writer = role_statements(edge, "edge-writer-edge-policy")
    api = role_statements(edge, "api-metadata-policy")
    writers = {
        entry.owner
        for entry in (*writer.values(), *api.values())
        if any(action.startswith("cloudfront-keyvaluestore:") for action in entry.actions)
    }

    assert writers == {"edge-writer-edge-policy"}
    assert api["ReadEdgeKeys"].actions == ["secretsmanager:GetSecretValue"]
    assert api["RuleOnVideos"].actions == ["sqs:SendMessage"]
    assert "vpcConfig" not in one(edge, "edge-writer-edge-function").inputs


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"delivery": "edge", "delivery_minimum_tls": "TLSv1.2_2021"}, "delivery_minimum_tls"),
        ({"delivery_certificate_arn": CERTIFICATE}, "delivery_certificate_arn"),
        (
            {"delivery_domain_name": "media.example.com", "delivery_certificate_arn": CERTIFICATE},
            "delivery_minimum_tls",
        ),
        ({"viewing_least_hours": "12", "viewing_most_hours": "11"}, "viewing_most_hours"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changed: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_config({**load_stack_settings(REPOSITORY_ROOT, "dev").own, **changed})

    assert list(refused.value.faults) == [key]


def test_a_domain_of_its_own_brings_its_certificate(tmp_path: Path) -> None:
    run = synthesised_with(
        "dev",
        tmp_path,
        delivery="edge",
        delivery_domain_name="media.example.com",
        delivery_certificate_arn=CERTIFICATE,
        delivery_minimum_tls="TLSv1.2_2021",
    )
    inputs = one(run, "delivery-distribution").inputs

    assert inputs["aliases"] == ["media.example.com"]
    assert inputs["viewerCertificate"] == {
        "acmCertificateArn": CERTIFICATE,
        "minimumProtocolVersion": "TLSv1.2_2021",
        "sslSupportMethod": "sni-only",
    }
    variables = one(run, "api-metadata-function").inputs["environment"]["variables"]
    assert variables["EDGE_URL"] == "https://media.example.com"
