"""The whole program: what it registers, how it is wired, and what it says about itself."""

import dataclasses
import importlib
import json
import shutil
from pathlib import Path
from typing import Any, get_origin
from urllib.parse import unquote

import pulumi
import pulumi_aws as aws
import pytest

from artifacts.sources import REPOSITORY_ROOT
from components.migrations import migrations_digest
from local.monitor import STACK_TYPE
from local.program import ProgramRun
from local.synth import synthesise
from local.wire import REDACTED
from tests.synthesised import one, resources, synthesised_with

TOKEN_PREFIX = "video-platform:"
SEED_EXPORTS = {
    "vpc_id",
    "public_subnet_ids",
    "private_subnet_ids",
    "isolated_subnet_ids",
    "ecs_security_group_id",
    "rds_security_group_id",
    "redis_security_group_id",
    "efs_security_group_id",
    "lambda_security_group_id",
    "database_endpoint",
    "database_secret_arn",
    "redis_secret_arn",
    "redis_replication_group_id",
    "redis_primary_endpoint",
    "redis_reader_endpoint",
    "efs_file_system_id",
    "ecs_cluster_name",
    "ecs_cluster_arn",
    "task_definition_arn",
    "api_url",
    "api_key_id",
    "signing_secret_arn",
    "completion_topic_arn",
    "error_topic_arn",
    "state_machine_arn",
    "state_machine_name",
    "ingest_bucket",
    "media_bucket",
    "ingest_queue_url",
    "ingest_dead_letter_queue_url",
    "webhook_queue_url",
    "webhook_dead_letter_queue_url",
    "webhook_report_queue_url",
    "webhook_report_dead_letter_queue_url",
    "webhooks_function_name",
    "migrate_function_name",
    "maintain_function_name",
    "sweep_function_name",
    "console_links",
}
# One read of what they name gives a credential.
SECRET_EXPORTS = ("api_key_id", "database_secret_arn", "redis_secret_arn", "signing_secret_arn")
SWITCHED_ON_IN_PROD = {
    "aws:rds/proxy:Proxy",
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",
    "aws:rds/proxyTarget:ProxyTarget",
    "aws:wafv2/webAcl:WebAcl",
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
}
LOGS_FOR_INVESTIGATIONS = (
    "/aws/rds/",
    "/aws/vpc/",
    "/aws/vendedlogs/elasticache/",
    "API-Gateway-Execution-Logs_",
    "aws-waf-logs-",
)
REQUIRED_TAGS = {"project", "stack", "owner", "component", "managed-by"}


def component_class(token: str) -> type[pulumi.ComponentResource]:
    _, module, name = token.split(":")
    found: type[pulumi.ComponentResource] = getattr(importlib.import_module(f"components.{module}"), name)
    assert issubclass(found, pulumi.ComponentResource)
    return found


def is_taggable(token: str) -> bool:
    if token.startswith("awsx:"):
        return token != "awsx:ecr:Image"
    package, module, name = token.split(":")
    if package != "aws":
        return False
    module = module.split("/")[0]
    return hasattr(getattr(getattr(aws, "lambda_" if module == "lambda" else module), name), "tags")


def test_every_name_is_used_once_per_type(run: ProgramRun) -> None:
    seen = [(entry.type, entry.name) for entry in run.registrations.values()]
    assert len(seen) == len(set(seen))


def test_no_value_holds_the_text_of_an_unresolved_output(run: ProgramRun) -> None:
    text = json.dumps([dict(entry.inputs) for entry in run.registrations.values()], default=str)
    assert "Calling __str__" not in text
    assert "Output object at" not in text


def test_nothing_stays_unknown_that_the_model_can_tell(run: ProgramRun) -> None:
    text = json.dumps([dict(entry.inputs) for entry in run.registrations.values()], default=str)
    assert "unknown until deployed" not in text


def test_exports_are_the_agreed_ones_and_all_known(run: ProgramRun) -> None:
    assert set(run.exports) == SEED_EXPORTS
    assert all(run.exports.values())


def test_exactly_the_exports_that_lead_to_a_credential_are_secret(run: ProgramRun) -> None:
    assert run.secret_exports == SECRET_EXPORTS


def test_no_export_holds_a_credential_itself(run: ProgramRun) -> None:
    text = json.dumps(dict(run.exports))
    generated = [run.created[entry.urn].outputs["result"] for entry in resources(run, ":RandomPassword")]
    assert len(generated) == 3
    assert not [value for value in generated if value in text]


def test_the_synthesised_document_shows_no_secret_export(run: ProgramRun) -> None:
    exports = synthesise(run.settings.stack)["exports"]
    assert {key for key, value in exports.items() if value == REDACTED} == set(SECRET_EXPORTS)


def test_console_links_lead_to_resources_of_the_stack(run: ProgramRun) -> None:
    links = dict(run.exports["console_links"])
    region = run.settings.get("aws:region", "")
    assert all(link.startswith(f"https://{region}.console.aws.amazon.com/") for link in links.values())
    assert links.pop("state_machine").endswith(f"#/statemachines/view/{run.exports['state_machine_arn']}")
    assert f"/clusters/{run.exports['ecs_cluster_name']}/tasks" in links.pop("cluster")
    groups = {entry.inputs["name"] for entry in resources(run, ":LogGroup")}
    linked = {unquote(unquote(link.rpartition("/")[2].replace("$", "%"))) for link in links.values()}
    assert len(linked) == len(links)
    assert linked == {name for name in groups if not name.startswith(LOGS_FOR_INVESTIGATIONS)}


def test_each_component_registers_exactly_its_declared_outputs(run: ProgramRun) -> None:
    components = [entry for entry in run.registrations.values() if entry.type.startswith(TOKEN_PREFIX)]
    assert len(components) >= 13
    for entry in components:
        annotated: dict[str, Any] = component_class(entry.type).__annotations__
        declared = {key for key, hint in annotated.items() if get_origin(hint) == pulumi.Output}
        assert declared == set(annotated), f"{entry.type} declares something else than Outputs"
        assert set(run.component_outputs[entry.urn]) == declared, entry.name


def test_each_component_has_an_args_class_that_is_frozen_slotted_and_keyword_only(run: ProgramRun) -> None:
    tokens = {entry.type for entry in run.registrations.values() if entry.type.startswith(TOKEN_PREFIX)}
    for token in tokens:
        module = importlib.import_module(f"components.{token.split(':')[1]}")
        args = getattr(module, f"{token.split(':')[2]}Args")
        assert args.__dataclass_params__.frozen, args
        assert all(field.kw_only for field in dataclasses.fields(args)), args
        assert hasattr(args, "__slots__"), args


def test_every_resource_belongs_to_a_component(run: ProgramRun) -> None:
    by_urn = run.registrations
    for entry in by_urn.values():
        if entry.custom or entry.remote:
            assert by_urn[entry.parent].type.startswith(TOKEN_PREFIX), f"{entry.name} has no component"


def test_every_taggable_resource_carries_all_tags(run: ProgramRun) -> None:
    taggable = [entry for entry in run.registrations.values() if ":" in entry.type and not is_own(entry.type)]
    checked = 0
    for entry in taggable:
        if is_taggable(entry.type):
            checked += 1
            missing = REQUIRED_TAGS - set(entry.inputs.get("tags") or {})
            assert not missing, f"{entry.type} {entry.name} lacks {sorted(missing)}"
            assert entry.inputs["tags"]["stack"] == run.settings.stack
    assert checked > 50


def is_own(token: str) -> bool:
    return token.startswith((TOKEN_PREFIX, "random:")) or token == STACK_TYPE


def test_prod_has_the_kinds_of_resources_of_dev_and_those_that_its_switches_add(
    dev: ProgramRun, prod: ProgramRun
) -> None:
    in_dev, in_prod = ({entry.type for entry in run.registrations.values()} for run in (dev, prod))
    assert in_dev <= in_prod
    assert {token for token in in_prod - in_dev if not is_own(token)} == SWITCHED_ON_IN_PROD


def test_dev_has_all_kinds_of_resources_of_prod_when_its_switches_are_on(
    prod: ProgramRun, tmp_path: Path
) -> None:
    dev = synthesised_with("dev", tmp_path, database_proxy=True, web_firewall=True)
    in_dev, in_prod = ({entry.type for entry in run.registrations.values()} for run in (dev, prod))
    assert in_dev == in_prod


@pytest.mark.parametrize(
    ("type_suffix", "expected"),
    [
        (":StateMachine", "video-processing-workflow-{stack}"),
        ("ecs/cluster:Cluster", "video-processing-cluster-{stack}"),
        (":RestApi", "video-metadata-api-{stack}"),
    ],
)
def test_names_that_people_look_for_end_with_the_stack(
    run: ProgramRun, type_suffix: str, expected: str
) -> None:
    (found,) = resources(run, type_suffix)
    assert found.inputs["name"] == expected.format(stack=run.settings.stack)


def test_topics_and_cache_have_the_agreed_names(run: ProgramRun) -> None:
    stack = run.settings.stack
    topics = {entry.inputs["name"] for entry in resources(run, ":Topic")}
    assert topics == {f"video-processing-completion-{stack}", f"video-processing-error-{stack}"}
    (group,) = resources(run, ":ReplicationGroup")
    assert group.inputs["replicationGroupId"] == f"video-cache-{stack}"


def test_functions_that_use_the_schema_wait_for_the_migrations(run: ProgramRun) -> None:
    invocation = one(run, "migrations-run")
    functions = {entry.name: entry for entry in resources(run, "function:Function")}
    assert len(functions) == 11
    without = {"keys-maker-function", "migrations-migrate-function", "webhooks-sender-function"}
    for name, function in functions.items():
        waits = invocation.urn in function.dependencies
        assert waits == (name not in without), name


def test_the_ledger_is_told_of_the_deployments_keys_once_its_tables_are_there(run: ProgramRun) -> None:
    told = one(run, "api-take-up-keys")
    assert one(run, "migrations-run").urn in told.dependencies
    assert set(told.inputs["triggers"]) == {"database"}
    first_id = one(run, "api-plan-key").inputs["keyId"]
    assert json.loads(told.inputs["input"]) == {
        "keys": [{"gateway_id": first_id, "client": "default", "name": "first", "scope": "operator"}]
    }


def test_the_migrations_run_again_when_revisions_database_or_password_change(run: ProgramRun) -> None:
    invocation = one(run, "migrations-run")
    triggers = invocation.inputs["triggers"]
    assert set(triggers) == {"revisions", "database", "secret_version"}
    assert all(triggers.values())


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("ledger/migrations/versions/0002_batches.py", True),
        ("ledger/migrations/runner.py", True),
        ("ledger/database/roles.py", True),
        ("upkeep/migrate.py", True),
        ("upkeep/maintain.py", False),
        ("ledger/database/health.py", False),
    ],
)
def test_the_migrations_run_again_when_what_they_do_changes(
    tmp_path: Path, changed: str, again: bool
) -> None:
    for package in ("ledger", "upkeep"):
        shutil.copytree(REPOSITORY_ROOT / "services" / package, tmp_path / "services" / package)
    assert migrations_digest(tmp_path) == migrations_digest(REPOSITORY_ROOT)

    path = tmp_path / "services" / changed
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")

    assert (migrations_digest(tmp_path) != migrations_digest(REPOSITORY_ROOT)) is again
