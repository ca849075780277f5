"""The emulator's gateway tells functions whose key was used, and refuses keys that are switched off."""

import io
import json
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.aws import AwsAccess
from local.servers.emulator import EmulatorServer

pytestmark = pytest.mark.integration

_ECHO = """
import json
def handler(event, _context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["identity"])}
"""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A stage with one path that wants a key and one that does not."""

    client: Any
    url: str
    plan_id: str

    def key(self, name: str) -> dict[str, Any]:
        made: dict[str, Any] = self.client.create_api_key(name=name, enabled=True)
        self.client.create_usage_plan_key(usagePlanId=self.plan_id, keyId=made["id"], keyType="API_KEY")
        return made

    def get(self, path: str, key: str) -> httpx.Response:
        return httpx.get(f"{self.url}/{path}", headers={"x-api-key": key}, timeout=30)


@pytest.fixture(scope="module")
def gateway(emulator: EmulatorServer) -> Iterator[Gateway]:
    access = AwsAccess(emulator.url, emulator.region)
    client, functions = access.client("apigateway"), access.client("lambda")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        ],
    }
    role = access.client("iam").create_role(RoleName="echo", AssumeRolePolicyDocument=json.dumps(trust))
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("echo.py", _ECHO)
    arn = functions.create_function(
        FunctionName="echo", Runtime="python3.12", Role=role["Role"]["Arn"],
        Handler="echo.handler", Code={"ZipFile": package.getvalue()},
    )["FunctionArn"]  # fmt: skip
    api_id = client.create_rest_api(name="keys")["id"]
    root = client.get_resources(restApiId=api_id)["items"][0]["id"]
    uri = f"arn:aws:apigateway:{emulator.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    for path, key_required in (("closed", True), ("open", False)):
        resource_id = client.create_resource(restApiId=api_id, parentId=root, pathPart=path)["id"]
        place = {"restApiId": api_id, "resourceId": resource_id, "httpMethod": "ANY"}
        client.put_method(**place, authorizationType="NONE", apiKeyRequired=key_required)
        client.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    deployment = client.create_deployment(restApiId=api_id)["id"]
    client.create_stage(restApiId=api_id, stageName="v1", deploymentId=deployment)
    plan = client.create_usage_plan(name="keys", apiStages=[{"apiId": api_id, "stage": "v1"}])
    yield Gateway(client=client, url=f"{emulator.url}/_aws/execute-api/{api_id}/v1", plan_id=plan["id"])
    functions.delete_function(FunctionName="echo")
    access.client("iam").delete_role(RoleName="echo")
    client.delete_rest_api(restApiId=api_id)


def test_a_call_carries_the_id_of_the_key_that_was_used(gateway: Gateway) -> None:
    first, second = gateway.key("first"), gateway.key("second")

    identities = [json.loads(gateway.get("closed", key["value"]).text) for key in (first, second)]

    assert [identity["apiKeyId"] for identity in identities] == [first["id"], second["id"]]
    assert [identity["apiKey"] for identity in identities] == [first["value"], second["value"]]


def test_a_call_that_needs_no_key_carries_none_even_when_one_is_sent(gateway: Gateway) -> None:
    identity = json.loads(gateway.get("open", gateway.key("needless")["value"]).text)

    assert not {"apiKey", "apiKeyId"} & identity.keys()


def test_a_key_that_is_switched_off_is_refused_until_it_is_switched_on(gateway: Gateway) -> None:
    key = gateway.key("switched")

    def call_with(enabled: str) -> int:
        operation = {"op": "replace", "path": "/enabled", "value": enabled}
        gateway.client.update_api_key(apiKey=key["id"], patchOperations=[operation])
        return gateway.get("closed", key["value"]).status_code

    assert [call_with("false"), call_with("true")] == [403, 200]


def test_keys_outlive_the_emulator_and_deleted_ones_do_not(tmp_path: Path) -> None:
    def gateway_of(server: EmulatorServer) -> Any:
        return AwsAccess(server.url, server.region).client("apigateway")

    def keys_in_plan(client: Any, plan: str) -> dict[str, str]:
        listed = client.get_usage_plan_keys(usagePlanId=plan)["items"]
        there = {key["id"]: key["value"] for key in client.get_api_keys(includeValues=True)["items"]}
        return {key["id"]: there[key["id"]] for key in listed if key["id"] in there}

    with EmulatorServer(tmp_path, region="eu-west-1") as server:
        first = gateway_of(server)
        deployed = first.create_api_key(name="deployed", value="value-of-the-deployment")["id"]
        plan = first.create_usage_plan(name="plan")["id"]
        made = [first.create_api_key(name="made", tags={"ledger-key": str(n)}) for n in range(2)]
        for key_id in (deployed, *(key["id"] for key in made)):
            first.create_usage_plan_key(usagePlanId=plan, keyId=key_id, keyType="API_KEY")
        first.delete_api_key(apiKey=made[1]["id"])
    kept = next(tmp_path.rglob("api-keys.json"))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    with EmulatorServer(tmp_path, region="eu-west-1") as server:
        second = gateway_of(server)
        other = second.create_usage_plan(name="another plan")["id"]
        plan = second.create_usage_plan(name="plan")["id"]
        again = second.create_api_key(name="deployed", value="value-of-the-deployment")["id"]

        assert again == deployed
        assert keys_in_plan(second, plan) == {made[0]["id"]: made[0]["value"]}
        assert keys_in_plan(second, other) == {}
