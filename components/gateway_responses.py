"""The answers that API Gateway gives by itself, in the same problem format as the API's own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAnswer:
    """One kind of answer.

    Attributes:
        kind: API Gateway response type.
        status: HTTP status.
        code: stable, public code; the API's own code where it means the same.
        title: what went wrong, in two or three words.
        detail: what the caller can do about it.
        retry_after_seconds: when to try again; None gives no hint.
    """

    kind: str
    status: int
    code: str
    title: str
    detail: str
    retry_after_seconds: int | None = None

    @property
    def template(self) -> str:
        """Body of the answer."""
        body = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": "$context.requestId",
        }
        return json.dumps(body)

    def headers(self, cors_origins: Sequence[str]) -> Mapping[str, str]:
        """Give the header mapping; values are literals in single quotes, as API Gateway wants them."""
        headers = {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
        if self.retry_after_seconds is not None:
            headers["gatewayresponse.header.Retry-After"] = f"'{self.retry_after_seconds}'"
        if len(cors_origins) == 1:
            # The gateway cannot choose among origins; with several, browsers see the bare status only.
            headers["gatewayresponse.header.Access-Control-Allow-Origin"] = f"'{cors_origins[0]}'"
        return headers


_KEY_HELP = "Send a valid API key in the x-api-key header."

GATEWAY_ANSWERS = (
    GatewayAnswer(
        kind="INVALID_API_KEY", status=403, code="API_KEY_REFUSED", title="Forbidden", detail=_KEY_HELP
    ),
    GatewayAnswer(
        kind="MISSING_AUTHENTICATION_TOKEN",
        status=404,
        code="ROUTE_NOT_FOUND",
        title="Not Found",
        detail="No such path; see /openapi.json.",
    ),
    GatewayAnswer(
        kind="ACCESS_DENIED", status=403, code="API_KEY_REFUSED", title="Forbidden", detail=_KEY_HELP
    ),
    GatewayAnswer(
        kind="WAF_FILTERED",
        status=403,
        code="REQUEST_BLOCKED",
        title="Forbidden",
        detail="The request looks like an attack; tell the operator its request_id if it is none.",
    ),
    GatewayAnswer(
        kind="THROTTLED",
        status=429,
        code="THROTTLED",
        title="Too Many Requests",
        detail="Slow down and send the request again.",
        retry_after_seconds=1,
    ),
    GatewayAnswer(
        kind="QUOTA_EXCEEDED",
        status=429,
        code="QUOTA_EXCEEDED",
        title="Too Many Requests",
        detail="This month's quota of the API key is used up; ask the operator to raise it.",
        retry_after_seconds=3600,
    ),
    GatewayAnswer(
        kind="REQUEST_TOO_LARGE",
        status=413,
        code="BODY_TOO_LARGE",
        title="Content Too Large",
        detail="A request body may have 10 MB; upload files by the link that POST /jobs gives.",
    ),
    GatewayAnswer(
        kind="UNSUPPORTED_MEDIA_TYPE",
        status=415,
        code="UNSUPPORTED_MEDIA_TYPE",
        title="Unsupported Media Type",
        detail="Send application/json.",
    ),
    GatewayAnswer(
        kind="INTEGRATION_FAILURE",
        status=503,
        code="UPSTREAM_UNAVAILABLE",
        title="Service Unavailable",
        detail="The service could not answer; send the request again.",
        retry_after_seconds=5,
    ),
    GatewayAnswer(
        kind="INTEGRATION_TIMEOUT",
        status=504,
        code="UPSTREAM_TIMEOUT",
        title="Gateway Timeout",
        detail="The service took too long; send the request again.",
        retry_after_seconds=5,
    ),
    GatewayAnswer(
        kind="DEFAULT_5XX",
        status=500,
        code="INTERNAL",
        title="Internal Server Error",
        detail="The request could not be handled; send it again and tell the operator if that does not help.",
    ),
)
