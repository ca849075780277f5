"""How the gateway itself answers the preflight of a browser, without a function.

ADR 0033 says why. With several origins a response template compares the one that asks and overrides a
header, as the AWS CDK does (`addCorsPreflight` in aws-cdk-lib, aws-apigateway/lib/resource.ts). The override
is in the API Gateway Developer Guide, "Override your API's request and response parameters and status codes".
"""

from collections.abc import Mapping, Sequence

STATUS = "204"
# The statusCode is what a mock integration answers itself with.
REQUEST_TEMPLATES = {"application/json": '{"statusCode": 204}'}
_ALLOW_ORIGIN = "Access-Control-Allow-Origin"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HEADERS = ("Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Api-Key", "X-Request-Id")
_KEPT_SECONDS = 600
_ANY = "*"


def declared_headers(origins: Sequence[str]) -> Mapping[str, bool]:
    """Give the headers that a method must declare before an answer may have them; none may be required."""
    names = [*_fixed_headers(origins), *([_ALLOW_ORIGIN] if origins else [])]
    return {f"method.response.header.{name}": False for name in dict.fromkeys(names)}


def fixed_headers(origins: Sequence[str]) -> Mapping[str, str]:
    """Give the headers that every answer has, as literals in single quotes, which API Gateway wants.

    With one origin its name is among them, since browsers compare it themselves.
    """
    return {f"method.response.header.{name}": f"'{value}'" for name, value in _fixed_headers(origins).items()}


def response_templates(origins: Sequence[str]) -> Mapping[str, str] | None:
    """Give the template that lets in the one of several origins that asks; None where there is no choice."""
    if len(origins) < 2 or _ANY in origins:
        return None
    is_known = " || ".join(f'$origin == "{origin}"' for origin in origins)
    # HTTP/2 writes the names of headers in lower case, and they are compared as they come; one of the two is
    # empty, and a quiet reference writes nothing for it.
    asked = "".join(f"$!input.params().header.get('{name}')" for name in ("Origin", "origin"))
    lines = (
        f'#set($origin = "{asked}")',
        f"#if({is_known})#set($context.responseOverride.header.{_ALLOW_ORIGIN} = $origin)#end",
    )
    return {"application/json": "\n".join(lines)}


def facts(origins: Sequence[str]) -> Mapping[str, object]:
    """Give all that makes one answer differ from another, for the trigger of a deployment."""
    return {
        "request": REQUEST_TEMPLATES,
        "declared": declared_headers(origins),
        "fixed": fixed_headers(origins),
        "templates": response_templates(origins),
    }


def _fixed_headers(origins: Sequence[str]) -> dict[str, str]:
    if not origins:
        return {}
    fixed = {
        "Access-Control-Allow-Methods": ",".join(_METHODS),
        "Access-Control-Allow-Headers": ",".join(_HEADERS),
        "Access-Control-Max-Age": str(_KEPT_SECONDS),
        "Vary": "Origin",
    }
    if _ANY in origins:
        fixed[_ALLOW_ORIGIN] = _ANY
    elif len(origins) == 1:
        fixed[_ALLOW_ORIGIN] = origins[0]
    return fixed
