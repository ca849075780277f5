"""Configuration keys of the delivery to players: type, range and meaning of each."""

from dataclasses import dataclass
from typing import get_args

from components.choices import DeliveryMode
from components.config_values import value


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How players reach what was made, and for how long."""

    delivery: DeliveryMode = value(  # noqa: RUF009  value() gives a dataclass field
        "how players reach media: edge through CloudFront, presigned from the bucket for an hour",
        choices=get_args(DeliveryMode),
    )
    delivery_domain_name: str = value(
        "domain of the edge instead of its CloudFront address; empty for none",
        pattern=r"([a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+)?",
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
