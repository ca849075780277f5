"""CloudFront before the media bucket: a function checks each link, and viewers of a video share the cache."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.buckets import PrivateBucket
from components.delivery_policies import build_cache_policy, build_headers_policy
from components.edge_settings import DeliverySettings
from components.edge_writer import EdgeAccess, EdgeWriter
from components.encryption import Encryption
from components.naming import Names
from components.policies import Statement, policy_document
from components.tags import Tags

_CODE = Path(__file__).with_name("edge_function.js")
_ORIGINS_MARK = "/* CORS_ORIGINS */"
_MOST_CODE_BYTES = 10_240  # CloudFront quotas, "Maximum function size"
_ORIGIN_ID = "media"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryArgs:
    """What is delivered, and to whom.

    Attributes:
        names: physical names of the stack.
        tags: tags of the stack.
        settings: address, TLS and price class.
        cors_origins: web origins whose pages may play.
        writer: the store that the function asks.
        bucket: the media bucket, whose policy is set here.
        encryption: its key, whose policy is set here.
    """

    names: Names
    tags: Tags
    settings: DeliverySettings
    cors_origins: Sequence[str]
    writer: EdgeWriter
    bucket: PrivateBucket
    encryption: Encryption


def function_code(cors_origins: Sequence[str]) -> str:
    """Give the function as it is deployed.

    Args:
        cors_origins: web origins whose pages may read its refusals.

    Raises:
        ValueError: it is larger than CloudFront takes.
    """
    origins = ", ".join(json.dumps(origin) for origin in cors_origins)
    code = _CODE.read_text(encoding="utf-8").replace(_ORIGINS_MARK, origins, 1)
    size = len(code.encode())
    if size > _MOST_CODE_BYTES:
        raise ValueError(
            f"the edge function has {size} bytes with its CORS origins; CloudFront takes {_MOST_CODE_BYTES}. "
            "Name fewer cors_origins."
        )
    return code


class Delivery(pulumi.ComponentResource):
    """Creates the distribution with its function and policies, and lets it alone read bucket and key.

    Key, bucket and distribution refer to each other, so the policies of the first two are set here, after all
    three. There is one behaviour: the function refuses every address that is no link.
    """

    url: pulumi.Output[str]
    distribution_id: pulumi.Output[str]
    distribution_domain_name: pulumi.Output[str]

    def __init__(self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:delivery:Delivery", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        distribution = self._build_distribution(self._build_function())
        self._open_bucket(distribution)
        self._open_key(distribution)
        self.distribution_id = distribution.id
        self.distribution_domain_name = distribution.domain_name
        host: pulumi.Input[str] = args.settings.delivery_domain_name or distribution.domain_name
        self.url = pulumi.Output.concat("https://", host)
        self.register_outputs(
            {
                "url": self.url,
                "distribution_id": self.distribution_id,
                "distribution_domain_name": self.distribution_domain_name,
            }
        )

    @property
    def access(self) -> EdgeAccess:
        """How the API links over it."""
        writer = self._args.writer
        return EdgeAccess(url=self.url, secret_arn=writer.secret_arn, queue=writer.queue)

    def _build_function(self) -> aws.cloudfront.Function:
        return aws.cloudfront.Function(
            f"{self._name}-function",
            name=f"video-platform-edge-{self._args.names.stack}",
            comment="Checks links and finds the files behind them",
            runtime="cloudfront-js-2.0",
            code=function_code(self._args.cors_origins),
            key_value_store_associations=[self._args.writer.store_arn],
            publish=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._args.writer.key_told]),
        )

    def _build_distribution(self, function: aws.cloudfront.Function) -> aws.cloudfront.Distribution:
        args = self._args
        access = aws.cloudfront.OriginAccessControl(
            f"{self._name}-access",
            description="Reads the media bucket",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child,
        )
        return aws.cloudfront.Distribution(
            f"{self._name}-distribution",
            comment=f"Media of the video platform's {args.names.stack} stack",
            enabled=True,
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=args.settings.delivery_price_class,
            aliases=[args.settings.delivery_domain_name] if args.settings.delivery_domain_name else [],
            origins=[
                aws.cloudfront.DistributionOriginArgs(
                    origin_id=_ORIGIN_ID,
                    domain_name=args.bucket.regional_domain_name,
                    origin_access_control_id=access.id,
                )
            ],
            default_cache_behavior=aws.cloudfront.DistributionDefaultCacheBehaviorArgs(
                target_origin_id=_ORIGIN_ID,
                allowed_methods=["GET", "HEAD", "OPTIONS"],
                cached_methods=["GET", "HEAD"],
                viewer_protocol_policy="https-only",
                compress=True,
                cache_policy_id=build_cache_policy(f"{self._name}-cache", args.names, parent=self).id,
                response_headers_policy_id=build_headers_policy(
                    f"{self._name}-headers", args.names, args.cors_origins, parent=self
                ).id,
                function_associations=[
                    aws.cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs(
                        event_type="viewer-request", function_arn=function.arn
                    )
                ],
            ),
            restrictions=aws.cloudfront.DistributionRestrictionsArgs(
                geo_restriction=aws.cloudfront.DistributionRestrictionsGeoRestrictionArgs(
                    restriction_type="none", locations=[]
                )
            ),
            viewer_certificate=self._certificate(),
            tags=args.tags.of("delivery"),
            opts=self._child,
        )

    def _certificate(self) -> aws.cloudfront.DistributionViewerCertificateArgs:
        settings = self._args.settings
        if not settings.delivery_domain_name:
            return aws.cloudfront.DistributionViewerCertificateArgs(cloudfront_default_certificate=True)
        return aws.cloudfront.DistributionViewerCertificateArgs(
            acm_certificate_arn=settings.delivery_certificate_arn,
            minimum_protocol_version=settings.delivery_minimum_tls,
            ssl_support_method="sni-only",
        )

    def _open_bucket(self, distribution: aws.cloudfront.Distribution) -> None:
        bucket = self._args.bucket
        aws.s3.BucketPolicy(
            f"{self._name}-bucket-policy",
            bucket=bucket.bucket_name,
            policy=policy_document(
                [
                    *bucket.statements(),
                    _allow("ReadMedia", "s3:GetObject", bucket.arn.apply("{}/videos/*".format), distribution),
                    # Without it S3 answers 403 for what is not there, and not 404.
                    _allow("TellWhatIsMissing", "s3:ListBucket", bucket.arn, distribution),
                ]
            ),
            # S3 refuses two changes of one bucket's access settings at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[bucket]),
        )

    def _open_key(self, distribution: aws.cloudfront.Distribution) -> None:
        encryption = self._args.encryption
        aws.kms.KeyPolicy(
            f"{self._name}-key-policy",
            key_id=encryption.media_key_arn,
            policy=policy_document(
                [
                    *encryption.account_statements(),
                    _allow("DeliverMedia", "kms:Decrypt", "*", distribution),
                ]
            ),
            opts=self._child,
        )


def _allow(
    sid: str, action: str, resource: pulumi.Input[str], distribution: aws.cloudfront.Distribution
) -> Statement:
    """Let this distribution alone do something.

    Source: CloudFront Developer Guide, "Restrict access to an Amazon S3 origin".
    """
    return Statement(
        sid=sid,
        principals={"Service": "cloudfront.amazonaws.com"},
        actions=[action],
        resources=[resource],
        conditions={"StringEquals": {"AWS:SourceArn": distribution.arn}},
    )
