"""How the database is reached, watched and how its passwords change."""

import json
from pathlib import Path
from typing import Any

from components.database import APPLICATION_USERNAME
from local.program import ProgramRun
from tests.synthesised import one, resources, role_statements, synthesised_with

FUNCTIONS = ("api", "ingest", "outcome", "maintain", "dispatch", "sweep")


def variables(run: ProgramRun, role: str) -> dict[str, str]:
    (found,) = [
        entry for entry in resources(run, "function:Function") if entry.name.endswith(f"-{role}-function")
    ]
    return dict(found.inputs["environment"]["variables"])


def of_each_function(run: ProgramRun, variable: str) -> dict[str, str]:
    names = {"api": "metadata", **{role: role for role in (*FUNCTIONS[1:], "migrate")}}
    return {role: variables(run, name)[variable] for role, name in names.items()}


def hosts(run: ProgramRun) -> dict[str, str]:
    return of_each_function(run, "DATABASE_HOST")


def proxied(run: ProgramRun) -> set[str]:
    """The functions that keep no prepared statements, because that pins a session of the proxy."""
    return {role for role, value in of_each_function(run, "DATABASE_PROXIED").items() if value == "true"}


def outputs(run: ProgramRun, name: str) -> dict[str, Any]:
    return dict(run.created[one(run, name).urn].outputs)


def test_behind_a_proxy_functions_use_it_and_the_migrations_do_not(prod: ProgramRun) -> None:
    found = hosts(prod)
    instance = outputs(prod, "database-instance")["address"]
    assert found.pop("migrate") == instance
    assert set(found.values()) == {outputs(prod, "database-proxy-proxy")["endpoint"]}
    assert proxied(prod) == set(FUNCTIONS)


def test_without_a_proxy_all_functions_use_the_instance(dev: ProgramRun) -> None:
    assert proxied(dev) == set()
    assert set(hosts(dev).values()) == {outputs(dev, "database-instance")["address"]}
    assert not resources(dev, "rds/proxy:Proxy")


def test_the_processing_task_connects_to_the_instance(prod: ProgramRun) -> None:
    (definition,) = json.loads(one(prod, "task-definition").inputs["containerDefinitions"])
    host = {item["name"]: item["value"] for item in definition["environment"]}["DATABASE_HOST"]
    assert host == outputs(prod, "database-instance")["address"]


def test_the_proxy_knows_the_application_secret_only_and_takes_tls_only(prod: ProgramRun) -> None:
    proxy = one(prod, "database-proxy-proxy").inputs
    (login,) = proxy["auths"]
    assert login["secretArn"] == outputs(prod, "database-application-secret")["arn"]
    assert login["authScheme"] == "SECRETS"
    assert login["clientPasswordAuthType"] == "POSTGRES_SCRAM_SHA_256"
    assert proxy["requireTls"] is True
    assert proxy["debugLogging"] is False
    assert proxy["engineFamily"] == "POSTGRESQL"
    reading = role_statements(prod, "database-proxy-policy")
    assert reading["ReadDatabaseSecret"].targets == [login["secretArn"]]
    assert set(reading) == {"ReadDatabaseSecret", "DecryptSecrets"}


def test_the_proxy_leads_to_the_instance_from_isolated_subnets(prod: ProgramRun) -> None:
    target = one(prod, "database-proxy-target").inputs
    assert target["dbInstanceIdentifier"] == one(prod, "database-instance").inputs["identifier"]
    assert (
        one(prod, "database-proxy-proxy").inputs["vpcSubnetIds"]
        == one(prod, "database-subnets").inputs["subnetIds"]
    )


def test_the_proxy_gives_up_before_the_api_must_answer(prod: ProgramRun) -> None:
    pool = one(prod, "database-proxy-pool").inputs["connectionPoolConfig"]
    assert pool["connectionBorrowTimeout"] < 3
    assert pool["maxConnectionsPercent"] < 100, "tasks and migrations need connections of their own"


def test_the_proxy_waits_for_the_migrations_and_the_functions_for_the_proxy(prod: ProgramRun) -> None:
    proxy = one(prod, "database-proxy-proxy")
    assert resources(prod, ":Invocation")[0].urn in proxy.dependencies
    without = {"keys-maker-function", "migrations-migrate-function", "webhooks-sender-function"}
    for entry in resources(prod, "function:Function"):
        waits = proxy.urn in entry.dependencies
        assert waits == (entry.name not in without), entry.name


def test_the_master_password_is_replaced_regularly_but_not_during_the_first_deployment(
    run: ProgramRun,
) -> None:
    (rotation,) = resources(run, ":SecretRotation")
    (master,) = outputs(run, "database-instance")["masterUserSecrets"]
    assert rotation.inputs["secretId"] == master["secretArn"]
    assert rotation.inputs["rotateImmediately"] is False
    assert 1 <= rotation.inputs["rotationRules"]["automaticallyAfterDays"] <= 30


def test_slow_statements_are_logged_and_password_changes_are_not(run: ProgramRun) -> None:
    (group,) = resources(run, "rds/parameterGroup:ParameterGroup")
    parameters = {item["name"]: item["value"] for item in group.inputs["parameters"]}
    assert parameters["log_min_duration_statement"] == "500"
    assert "log_statement" not in parameters
    assert one(run, "database-instance").inputs["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]


def test_prod_keeps_the_samples_that_advanced_insights_needs(prod: ProgramRun) -> None:
    instance = one(prod, "database-instance").inputs
    assert instance["databaseInsightsMode"] == "advanced"
    assert instance["performanceInsightsRetentionPeriod"] >= 465


def test_configured_durations_reach_the_database(tmp_path: Path) -> None:
    run = synthesised_with(
        "dev", tmp_path, database_slow_query_milliseconds=50, database_master_rotation_days=90
    )
    (group,) = resources(run, "rds/parameterGroup:ParameterGroup")
    assert {"50"} == {
        item["value"] for item in group.inputs["parameters"] if item["name"] == "log_min_duration_statement"
    }
    assert resources(run, ":SecretRotation")[0].inputs["rotationRules"] == {"automaticallyAfterDays": 90}


def test_the_application_role_is_not_the_master(run: ProgramRun) -> None:
    assert one(run, "database-instance").inputs["username"] != APPLICATION_USERNAME
