"""The headers that a response headers policy adds, as CloudFront adds them."""

from collections.abc import Mapping
from typing import Any


def policy_headers(policy: Mapping[str, Any], origin: str) -> dict[str, str]:
    """Give the headers of an answer.

    Args:
        policy: Inputs of the policy as the program has them, in camel case.
        origin: What the browser says; empty when it says nothing.
    """
    headers = {
        item["header"].lower(): item["value"]
        for item in (policy.get("customHeadersConfig") or {}).get("items", [])
    }
    security = policy.get("securityHeadersConfig") or {}
    if "contentTypeOptions" in security:
        headers["x-content-type-options"] = "nosniff"
    if "contentSecurityPolicy" in security:
        headers["content-security-policy"] = security["contentSecurityPolicy"]["contentSecurityPolicy"]
    cors = policy.get("corsConfig")
    if cors and origin in cors["accessControlAllowOrigins"]["items"]:
        headers["access-control-allow-origin"] = origin
        headers["access-control-expose-headers"] = ", ".join(cors["accessControlExposeHeaders"]["items"])
        headers["vary"] = "origin"
    return headers
