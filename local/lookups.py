"""Answers to the program's lookups (Pulumi invokes), computed without AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.program_errors import UnsupportedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where the program believes to be deployed.

    Attributes:
        id: Twelve-digit account id.
        region: Region name, for example `ap-northeast-1`.
    """

    id: str
    region: str


def answer(account: Account, token: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Answers one lookup.

    Args:
        account: Account and region to answer for.
        token: Pulumi token, for example `aws:index/getRegion:getRegion`.
        args: Arguments in camelCase.

    Raises:
        UnsupportedError: Nobody taught local mode this lookup; an empty answer would silently lose inputs.
    """
    lookup = _LOOKUPS.get(token)
    if lookup is None:
        known = ", ".join(sorted(_LOOKUPS))
        message = f"lookup {token!r} is not known to local mode; add it to local/lookups.py (known: {known})"
        raise UnsupportedError(message)
    return lookup(account, args)


def _region(account: Account, args: Mapping[str, Any]) -> dict[str, Any]:
    region = args.get("region") or args.get("name") or account.region
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _caller_identity(account: Account, _args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": account.id,
        "accountId": account.id,
        "arn": f"arn:aws:iam::{account.id}:root",
        "userId": account.id,
    }


def _partition(_account: Account, _args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _availability_zones(account: Account, _args: Mapping[str, Any]) -> dict[str, Any]:
    letters = "acd" if account.region == "ap-northeast-1" else "abc"
    names = [f"{account.region}{letter}" for letter in letters]
    return {
        "id": account.region,
        "names": names,
        "zoneIds": [f"{account.region}-az{index}" for index, _ in enumerate(names, start=1)],
        "groupNames": [account.region],
        "region": account.region,
    }


def _prefix_list(account: Account, args: Mapping[str, Any]) -> dict[str, Any]:
    name = str(args.get("name") or f"com.amazonaws.{account.region}.s3")
    identifier = f"pl-{name.rsplit('.', 1)[-1]}-modelled"
    return {"id": identifier, "prefixListId": identifier, "name": name, "cidrBlocks": [], "entries": []}


def _route_tables(_account: Account, _args: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": "route-tables", "ids": ["rtb-modelled-private-1", "rtb-modelled-private-2"]}


def _policy_document(_account: Account, args: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = [_statement(statement) for statement in args.get("statements") or []]
    text = json.dumps(document, indent=2)
    return {"id": "policy-document", "json": text, "minifiedJson": json.dumps(document)}


def _statement(source: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if source.get("sid"):
        result["Sid"] = source["sid"]
    result["Effect"] = source.get("effect") or "Allow"
    for key, name in (("actions", "Action"), ("notActions", "NotAction")):
        if source.get(key):
            result[name] = _one_or_many(source[key])
    for key, name in (("resources", "Resource"), ("notResources", "NotResource")):
        if source.get(key):
            result[name] = _one_or_many(source[key])
    for key, name in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if source.get(key):
            result[name] = _principals(source[key])
    for condition in source.get("conditions") or []:
        test = result.setdefault("Condition", {}).setdefault(condition["test"], {})
        test[condition["variable"]] = _one_or_many(condition["values"])
    return result


def _principals(sources: list[Mapping[str, Any]]) -> Any:
    if any(source["type"] == "*" for source in sources):
        return "*"
    return {source["type"]: _one_or_many(source["identifiers"]) for source in sources}


def _one_or_many(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else list(values)


_LOOKUPS: Mapping[str, Callable[[Account, Mapping[str, Any]], dict[str, Any]]] = {
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _prefix_list,
    "aws:ec2/getRouteTables:getRouteTables": _route_tables,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
