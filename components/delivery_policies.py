"""What the edge caches, and what it tells browsers with it."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.naming import Names

# The attempt is in the name of every output, so what is under a name never changes.
_CACHED_SECONDS = 86_400
_LONGEST_CACHED_SECONDS = 31_536_000
_VIEWER_CACHE = "private, max-age=3600"
_HEADERS = {"cache-control": _VIEWER_CACHE, "cross-origin-resource-policy": "cross-origin"}
_CONTENT_SECURITY = "sandbox; default-src 'none'"


def build_cache_policy(name: str, names: Names, *, parent: pulumi.Resource) -> aws.cloudfront.CachePolicy:
    """Let viewers share what is cached: of their requests only the address and the compression count."""
    none = "none"
    parameters = aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs(
        cookies_config=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginCookiesConfigArgs(
            cookie_behavior=none
        ),
        headers_config=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginHeadersConfigArgs(
            header_behavior=none
        ),
        query_strings_config=(
            aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginQueryStringsConfigArgs(
                query_string_behavior=none
            )
        ),
        enable_accept_encoding_gzip=True,
        enable_accept_encoding_brotli=True,
    )
    return aws.cloudfront.CachePolicy(
        name,
        name=f"video-platform-media-{names.stack}",
        comment="Outputs, which never change under their names",
        min_ttl=0,
        default_ttl=_CACHED_SECONDS,
        max_ttl=_LONGEST_CACHED_SECONDS,
        parameters_in_cache_key_and_forwarded_to_origin=parameters,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def build_headers_policy(
    name: str, names: Names, cors_origins: Sequence[str], *, parent: pulumi.Resource
) -> aws.cloudfront.ResponseHeadersPolicy:
    """Say what browsers may do with media, and how long they keep it."""
    origins = list(cors_origins)
    return aws.cloudfront.ResponseHeadersPolicy(
        name,
        name=f"video-platform-media-{names.stack}",
        comment="What browsers may do with media",
        cors_config=_cors(origins) if origins else None,
        security_headers_config=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs(
            content_type_options=(
                aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs(override=True)
            ),
            content_security_policy=(
                aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs(
                    content_security_policy=_CONTENT_SECURITY, override=True
                )
            ),
        ),
        custom_headers_config=aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs(
            items=[
                aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs(
                    header=header, value=value, override=True
                )
                for header, value in _HEADERS.items()
            ]
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _cors(origins: Sequence[str]) -> aws.cloudfront.ResponseHeadersPolicyCorsConfigArgs:
    return aws.cloudfront.ResponseHeadersPolicyCorsConfigArgs(
        access_control_allow_credentials=False,
        access_control_allow_headers=aws.cloudfront.ResponseHeadersPolicyCorsConfigAccessControlAllowHeadersArgs(
            items=["range"]
        ),
        access_control_allow_methods=aws.cloudfront.ResponseHeadersPolicyCorsConfigAccessControlAllowMethodsArgs(
            items=["GET", "HEAD"]
        ),
        access_control_allow_origins=aws.cloudfront.ResponseHeadersPolicyCorsConfigAccessControlAllowOriginsArgs(
            items=list(origins)
        ),
        access_control_expose_headers=(
            aws.cloudfront.ResponseHeadersPolicyCorsConfigAccessControlExposeHeadersArgs(
                items=["Content-Length", "Content-Range", "ETag"]
            )
        ),
        access_control_max_age_sec=3600,
        origin_override=True,
    )
