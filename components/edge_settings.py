"""Configuration keys of what clients and players reach: the API, its address, the firewall, the delivery."""

from dataclasses import dataclass
from typing import get_args

from components.choices import DeliveryMode, RecordAccess
from components.config_values import value

_DOMAIN = r"([a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the API accepts."""

    api_rate_limit_per_second: int = value("steady API calls a second", minimum=1, maximum=5000)
    api_burst_limit: int = value("API calls accepted at once", minimum=1, maximum=5000)
    api_monthly_quota: int = value("API calls a month and key", minimum=1, maximum=1_000_000_000)
    api_client_keys: tuple[str, ...] = value(
        "API keys beside the stack's first, each CLIENT/KEY:SCOPE; the scope is viewer, producer or operator",
        maximum=50,
        pattern=r"[a-z0-9][a-z0-9-]{0,30}/[a-z0-9][a-z0-9-]{0,30}:(viewer|producer|operator)",
        example="newsroom/page:viewer",
    )
    record_access: RecordAccess = value(  # noqa: RUF009  value() gives a dataclass field
        "whether clients see each other's records", choices=get_args(RecordAccess)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDomainSettings:
    """The API's address beside the one that AWS gives it."""

    api_domain_name: str = value(
        "domain of the API beside its AWS address; empty for none",
        pattern=_DOMAIN,
        example="api.video.example.com",
    )
    api_certificate_arn: str = value(
        "certificate of api_domain_name, in the region of the stack; empty for none",
        pattern=r"(arn:aws:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+)?",
        example="arn:aws:acm:<region>:<account>:certificate/<id>",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFirewallSettings:
    """The firewall in front of the API."""

    web_firewall: bool = value("put AWS WAF in front of the API")
    web_firewall_address_limit: int = value(
        "calls of one address in five minutes that AWS WAF lets through", minimum=10, maximum=2_000_000_000
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How players reach what was made, and for how long."""

    delivery: DeliveryMode = value(  # noqa: RUF009  value() gives a dataclass field
        "how players reach media: edge through CloudFront, presigned from the bucket for an hour",
        choices=get_args(DeliveryMode),
    )
    delivery_domain_name: str = value(
        "domain of the edge instead of its CloudFront address; empty for none",
        pattern=_DOMAIN,
        example="media.video.example.com",
    )
    delivery_certificate_arn: str = value(
        "certificate of delivery_domain_name, in us-east-1; empty for none",
        pattern=r"(arn:aws:acm:us-east-1:\d{12}:certificate/[A-Za-z0-9-]+)?",
        example="arn:aws:acm:us-east-1:<account>:certificate/<id>",
    )
    delivery_minimum_tls: str = value(
        "oldest TLS that the edge speaks; without a domain of its own CloudFront fixes TLSv1",
        choices=("TLSv1", "TLSv1.2_2021"),
    )
    delivery_price_class: str = value(
        "where the edge has places: 100 for North America and Europe, 200 with most of Asia, All",
        choices=("PriceClass_100", "PriceClass_200", "PriceClass_All"),
    )
    viewing_least_hours: int = value(
        "shortest life of a link over the edge, which is three times the video otherwise",
        minimum=1,
        maximum=48,
    )
    viewing_most_hours: int = value("longest life of a link over the edge", minimum=1, maximum=48)
