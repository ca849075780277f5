"""An address of one's own for the API, beside the one that AWS gives it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.edge_settings import ApiDomainSettings
from components.naming import Names
from components.tags import Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDomainArgs:
    """Which name leads to which stage.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        settings: host name, and its ACM certificate, which is issued and in the region of the stack.
        rest_api_id: API behind the name.
        stage_name: its stage.
    """

    names: Names
    tags: Tags
    settings: ApiDomainSettings
    rest_api_id: pulumi.Input[str]
    stage_name: pulumi.Input[str]

    def __post_init__(self) -> None:
        certificate_arn = self.settings.api_certificate_arn
        region = certificate_arn.split(":")[3]
        if region != self.names.region:
            raise ValueError(
                f"certificate {certificate_arn!r} is in {region}, but a regional domain needs one in "
                f"{self.names.region}; request it there and set api_certificate_arn accordingly"
            )


class ApiDomain(pulumi.ComponentResource):
    """Creates a regional domain with TLS 1.2 or better, whose root is the API.

    The caller adds the DNS record: an alias or CNAME of the name to ``target``.
    """

    url: pulumi.Output[str]
    target: pulumi.Output[str]
    target_zone_id: pulumi.Output[str]

    def __init__(self, name: str, args: ApiDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:api_domain:ApiDomain", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        domain = aws.apigateway.DomainName(
            f"{name}-name",
            domain_name=args.settings.api_domain_name,
            regional_certificate_arn=args.settings.api_certificate_arn,
            endpoint_configuration=aws.apigateway.DomainNameEndpointConfigurationArgs(types="REGIONAL"),
            security_policy="TLS_1_2",
            tags=args.tags.of("api"),
            opts=child,
        )
        # No base path: the function would find it in front of every path that it is asked for.
        aws.apigateway.BasePathMapping(
            f"{name}-mapping",
            domain_name=domain.domain_name,
            rest_api=args.rest_api_id,
            stage_name=args.stage_name,
            opts=child,
        )
        self.url = pulumi.Output.concat("https://", domain.domain_name)
        self.target = domain.regional_domain_name
        self.target_zone_id = domain.regional_zone_id
        self.register_outputs({"url": self.url, "target": self.target, "target_zone_id": self.target_zone_id})
