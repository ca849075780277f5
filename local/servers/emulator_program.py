"""Runs the emulator, with what it does not do by itself; only its own interpreter runs this file.

- MiniStack restores archived objects, and keeps the state of a restore with the current object alone: a HEAD
  that names a version is not told of it, not even for the current one. S3 tells it for every version (S3 API
  reference, HeadObject), and the platform always names the version. So a HEAD for the current version is
  answered as one without a version. Older versions still cannot be restored here.
- A REST API tells a function whose key was used: ``apiKey`` and ``apiKeyId`` of the request's identity, for
  methods that ask for a key (API Gateway Developer Guide, "Variables for data transformations"). MiniStack
  checks the key and does not tell.
- IAM knows the tags that a request gives an API key and those that a key has (``aws:RequestTag`` and
  ``aws:ResourceTag``; Service Authorization Reference, "Amazon API Gateway Management"), and the tagging API
  finds keys by them. MiniStack does neither.
- API Gateway keeps its keys. MiniStack is new at every start: a key that people made would be gone, and one
  that the deployment makes again with the same value would have another id. Keys are kept in a file beside
  the emulator's state; what people made comes back with its usage plan.
- UpdateApiKey takes every value as text (API Gateway API reference, PatchOperation), and MiniStack keeps the
  text: a key with ``enabled`` "false" goes on being accepted.
- It asks IAM about a key value store of CloudFront without saying which; AWS names the store (Service
  Authorization Reference, "Actions, resources, and condition keys for Amazon CloudFront KeyValueStore").
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ministack.app import main  # type: ignore[import-not-found]
from ministack.core import iam_actions  # type: ignore[import-not-found]
from ministack.core.responses import get_region  # type: ignore[import-not-found]
from ministack.services import apigateway_v1, s3, tagging  # type: ignore[import-not-found]

# The emulator offers no other place.
_head_object = s3._head_object
_build_lambda_event = apigateway_v1._build_lambda_event_v1
_create_api_key = apigateway_v1._create_api_key
_update_api_key = apigateway_v1._update_api_key
_delete_api_key = apigateway_v1._delete_api_key
_create_usage_plan = apigateway_v1._create_usage_plan
_create_usage_plan_key = apigateway_v1._create_usage_plan_key
_request_tag_context = iam_actions.request_tag_context
_extract_resource_arn = iam_actions.extract_resource_arn


_CREATED = 201
_STORE = re.compile(r"/key-value-stores/(arn:[^/]+/[A-Za-z0-9_-]+)")
# Tag of the keys that the function `key-maker` makes.
_MADE_BY_PEOPLE = "ledger-key"


def _head_with_restore(
    bucket_name: str,
    key: str,
    headers: dict[str, str] | None = None,
    query_params: dict[str, Any] | None = None,
) -> Any:
    """Answer HEAD; for the current version as S3 does."""
    query = dict(query_params or {})
    version_id = s3._qp(query, "versionId", "")
    bucket = s3._ensure_bucket(bucket_name)
    current = bucket["objects"].get(key) if bucket else None
    if version_id and current and current.get("version_id") == version_id:
        del query["versionId"]
    return _head_object(bucket_name, key, headers, query)


def _event_with_key(
    api_id: str,
    stage_name: str,
    stage: dict[str, Any],
    resource: dict[str, Any],
    request_path: str,
    method: str,
    headers: dict[str, str],
    *rest: Any,
    **options: Any,
) -> Any:
    """Build a function's event; with the key where the method asks for one, which was checked before."""
    event = _build_lambda_event(
        api_id, stage_name, stage, resource, request_path, method, headers, *rest, **options
    )
    methods = resource.get("resourceMethods", {})
    if (methods.get(method) or methods.get("ANY") or {}).get("apiKeyRequired"):
        key = apigateway_v1._resolve_api_key(apigateway_v1._api_key_from_request(headers))
        event["requestContext"]["identity"] |= {"apiKey": key["value"], "apiKeyId": key["id"]}
    return event


def _update_key_with_switch(key_id: str, data: dict[str, Any]) -> Any:
    """Change an API key; ``enabled`` becomes the truth value that its text means."""
    operations = [
        {**item, "value": str(item.get("value")).lower() == "true"}
        if item.get("path") == "/enabled"
        else item
        for item in data.get("patchOperations", [])
    ]
    return _update_api_key(key_id, {**data, "patchOperations": operations})


class _KeptKeys:
    """The API keys of former starts by id, each with the names of its plans; readable by the owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._keys: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            self._keys = {}

    def create(self, data: dict[str, Any]) -> Any:
        """Make a key; one with the value of a former key has that one's id."""
        status, headers, body = _create_api_key(data)
        if status != _CREATED:
            return status, headers, body
        key = apigateway_v1._api_keys.pop(json.loads(body)["id"])
        former = [key_id for key_id, known in self._keys.items() if known["value"] == key["value"]]
        key["id"] = former[0] if former else key["id"]
        apigateway_v1._api_keys[key["id"]] = key
        self._keys[key["id"]] = {**key, "plans": []}
        self._save()
        return apigateway_v1._v1_response(key, _CREATED)

    def delete(self, key_id: str) -> Any:
        """Delete a key for good."""
        answer = _delete_api_key(key_id)
        if self._keys.pop(key_id, None):
            self._save()
        return answer

    def put_under(self, plan_id: str, data: dict[str, Any]) -> Any:
        """Put a key under a plan, and remember the plan's name, which is the same at the next start."""
        answer = _create_usage_plan_key(plan_id, data)
        known = self._keys.get(data.get("keyId", ""))
        if known and answer[0] == _CREATED:
            known["plans"].append(apigateway_v1._usage_plans[plan_id]["name"])
            self._save()
        return answer

    def create_plan(self, data: dict[str, Any]) -> Any:
        """Make a plan with the keys that people had made under it; the deployment makes its own again."""
        answer = _create_usage_plan(data)
        if answer[0] == _CREATED:
            plan = json.loads(answer[2])
            for key_id, known in self._keys.items():
                if plan["name"] in known["plans"] and _MADE_BY_PEOPLE in (known.get("tags") or {}):
                    record = {name: value for name, value in known.items() if name != "plans"}
                    apigateway_v1._api_keys[key_id] = record
                    _create_usage_plan_key(plan["id"], {"keyId": key_id, "keyType": "API_KEY"})
        return answer

    def _save(self) -> None:
        beside = self._path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(self._keys), encoding="utf-8")
        beside.replace(self._path)


def _tagged_api_keys() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Give every API key's ARN and tags, as the tagging API and IAM ask for them."""
    for key_id, key in apigateway_v1._api_keys.items():
        tags = [{"Key": name, "Value": value} for name, value in (key.get("tags") or {}).items()]
        yield f"arn:aws:apigateway:{get_region()}::/apikeys/{key_id}", tags


def _request_tags(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
    """Give the condition keys of a request's tags; IAM names API Gateway's actions by their HTTP methods."""
    if service != "apigateway" or not body.startswith(b"{"):
        found: dict[str, Any] = _request_tag_context(service, iam_action, body, params)
        return found
    tags = json.loads(body).get("tags") or {}
    context: dict[str, Any] = {f"aws:RequestTag/{name}".lower(): value for name, value in tags.items()}
    return {**context, "aws:TagKeys": list(tags)} if tags else {}


def _resource_with_store(service: str, method: str, path: str, *others: Any) -> Any:
    """Name the resource of a request; of the store's own API the store."""
    store = _STORE.match(unquote(path)) if service == "cloudfront-keyvaluestore" else None
    return store[1] if store else _extract_resource_arn(service, method, path, *others)


if __name__ == "__main__":
    s3._head_object = _head_with_restore
    apigateway_v1._build_lambda_event_v1 = _event_with_key
    apigateway_v1._update_api_key = _update_key_with_switch
    kept = _KeptKeys(Path(os.environ["STATE_DIR"]) / "api-keys.json")
    apigateway_v1._create_api_key, apigateway_v1._delete_api_key = kept.create, kept.delete
    apigateway_v1._create_usage_plan, apigateway_v1._create_usage_plan_key = kept.create_plan, kept.put_under
    iam_actions.request_tag_context = _request_tags
    for collectors in (tagging._COLLECTORS, tagging._RESOURCE_TAG_COLLECTORS):
        collectors["apigateway"] = _tagged_api_keys
    iam_actions.extract_resource_arn = _resource_with_store
    main()
