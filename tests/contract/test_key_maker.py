"""Who may touch API keys at API Gateway: one function, which knows nothing else."""

import json

from local.program import ProgramRun
from tests.synthesised import one, role_statements, statements

POLICY = "keys-maker-policy"


def test_only_the_key_maker_has_rights_on_api_gateways_control_plane_and_none_to_read_keys(
    run: ProgramRun,
) -> None:
    granted = {
        (entry.owner, action)
        for entry in statements(run)
        for action in entry.actions
        if entry.allows and action.startswith("apigateway:")
    }
    assert granted == {(POLICY, f"apigateway:{method}") for method in ("POST", "PUT", "DELETE")}


def test_the_key_maker_is_outside_of_the_network_without_database_and_secrets(run: ProgramRun) -> None:
    maker = one(run, "keys-maker-function").inputs
    assert "vpcConfig" not in maker
    assert not [name for name in maker["environment"]["variables"] if "DATABASE" in name or "SECRET" in name]
    allowed = {action for entry in role_statements(run, POLICY).values() for action in entry.actions}
    assert {action.partition(":")[0] for action in allowed} == {"apigateway", "tag", "logs", "xray"}


def test_its_role_asks_for_the_tags_that_it_gives_and_that_the_deployments_key_has_not(
    run: ProgramRun,
) -> None:
    given = json.loads(one(run, "keys-maker-function").inputs["environment"]["variables"]["KEY_TAGS"])
    deployed = one(run, "api-key").inputs["tags"]
    asked = role_statements(run, POLICY)
    for sid, prefix in (("MakeKeys", "aws:RequestTag/"), ("RemoveKeys", "aws:ResourceTag/")):
        wanted = {
            name.removeprefix(prefix): text
            for name, text in asked[sid].body["Condition"]["StringEquals"].items()
        }
        assert wanted.items() <= given.items()
        assert not wanted.items() <= deployed.items()
        assert wanted["stack"] == run.settings.stack


def test_keys_in_the_making_may_be_tagged_and_no_others(run: ProgramRun) -> None:
    """IAM takes ``${*}`` for the character alone, where ``*`` would be any key."""
    (target,) = role_statements(run, POLICY)["TagKeysInTheMaking"].targets
    assert target.endswith("%2Fapikeys%2F${*}")


def test_those_who_ask_know_its_name_and_may_call_nothing_else(run: ProgramRun) -> None:
    name = one(run, "keys-maker-function").inputs["name"]
    for function in ("api-metadata", "ingest-maintain"):
        variables = one(run, f"{function}-function").inputs["environment"]["variables"]
        assert variables["KEY_MAKER_FUNCTION_NAME"] == name
        called = [
            target
            for entry in role_statements(run, f"{function}-policy").values()
            if "lambda:InvokeFunction" in entry.actions
            for target in entry.targets
        ]
        assert [target.rpartition(":")[2] for target in called] == [name]
