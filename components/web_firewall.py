"""AWS WAF in front of the API: AWS's common rules, and a limit on what one address may ask for."""

# The provider's WAF types take half a second to load. They are quoted in signatures, so that a stack without
# a firewall never loads them.

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.edge_settings import WebFirewallSettings
from components.log_keeping import LogKeeping
from components.naming import NameKind, Names
from components.tags import Tags

_WINDOW_SECONDS = 300
_ANSWER_KEY = "too-many-requests"
# These refuse what the API describes as allowed, so they only count (AWS WAF Developer Guide, "Baseline rule
# groups"; tests/contract/test_firewall_and_api.py compares them with the description).
_REFUSE_WHAT_IS_DESCRIBED = (
    "NoUserAgent_HEADER",
    # Bodies over 8 KiB and queries over 2 KiB: a batch of jobs, and tags beyond ASCII, are larger.
    "SizeRestrictions_BODY",
    "SizeRestrictions_QUERYSTRING",
    # Titles, subtitles and searches are any text, and the URL of a webhook may have an address as its host.
    "CrossSiteScripting_BODY",
    "CrossSiteScripting_QUERYARGUMENTS",
    "EC2MetaDataSSRF_BODY",
    "EC2MetaDataSSRF_QUERYARGUMENTS",
    "GenericLFI_BODY",
    "GenericLFI_QUERYARGUMENTS",
    "GenericRFI_BODY",
    "GenericRFI_QUERYARGUMENTS",
    "RestrictedExtensions_QUERYARGUMENTS",
)
# In the order in which they are asked, each with the rules that only count.
_RULE_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AWSManagedRulesAmazonIpReputationList", ()),
    ("AWSManagedRulesKnownBadInputsRuleSet", ()),
    ("AWSManagedRulesCommonRuleSet", _REFUSE_WHAT_IS_DESCRIBED),
)
_SECRET_HEADERS = ("x-api-key", "authorization", "cookie")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFirewallArgs:
    """What is guarded and how strictly.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        stage_arn: stage of the REST API.
        settings: requests of one address in five minutes.
        logs: how the log is kept.
    """

    names: Names
    tags: Tags
    stage_arn: pulumi.Input[str]
    settings: WebFirewallSettings
    logs: LogKeeping


class WebFirewall(pulumi.ComponentResource):
    """Creates a web ACL with its log and puts it in front of one stage.

    The log leaves out the headers that hold credentials, and the query string, which holds the tokens of
    playback links.
    """

    web_acl_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: WebFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:web_firewall:WebFirewall", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        acl = self._build_acl()
        log_group = self._build_log(acl)
        aws.wafv2.WebAclAssociation(
            f"{name}-association", resource_arn=args.stage_arn, web_acl_arn=acl.arn, opts=self._child
        )
        self.web_acl_arn = acl.arn
        self.log_group_name = log_group.name
        self.register_outputs({"web_acl_arn": self.web_acl_arn, "log_group_name": self.log_group_name})

    def _build_acl(self) -> "aws.wafv2.WebAcl":
        args = self._args
        rules = [self._rate_rule(0)]
        rules += [
            _managed_rule(group, counted, priority)
            for priority, (group, counted) in enumerate(_RULE_GROUPS, start=1)
        ]
        return aws.wafv2.WebAcl(
            f"{self._name}-acl",
            name=args.names.physical(NameKind.WEB_FIREWALL, "video-metadata-api"),
            description="Guards the API of the video platform",
            scope="REGIONAL",
            default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
            custom_response_bodies=[
                aws.wafv2.WebAclCustomResponseBodyArgs(
                    key=_ANSWER_KEY, content_type="APPLICATION_JSON", content=_too_many_requests()
                )
            ],
            rules=rules,
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True, metric_name="web-acl", sampled_requests_enabled=False
            ),
            tags=args.tags.of("api"),
            opts=self._child,
        )

    def _rate_rule(self, priority: int) -> "aws.wafv2.WebAclRuleArgs":
        refusal = aws.wafv2.WebAclRuleActionBlockCustomResponseArgs(
            response_code=429,
            custom_response_body_key=_ANSWER_KEY,
            response_headers=[
                aws.wafv2.WebAclRuleActionBlockCustomResponseResponseHeaderArgs(
                    name="Retry-After", value=str(_WINDOW_SECONDS)
                )
            ],
        )
        return aws.wafv2.WebAclRuleArgs(
            name="limit-per-address",
            priority=priority,
            action=aws.wafv2.WebAclRuleActionArgs(
                block=aws.wafv2.WebAclRuleActionBlockArgs(custom_response=refusal)
            ),
            statement=aws.wafv2.WebAclRuleStatementArgs(
                rate_based_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
                    limit=self._args.settings.web_firewall_address_limit,
                    aggregate_key_type="IP",
                    evaluation_window_sec=_WINDOW_SECONDS,
                )
            ),
            visibility_config=_watched("limit-per-address"),
        )

    def _build_log(self, acl: "aws.wafv2.WebAcl") -> aws.cloudwatch.LogGroup:
        args = self._args
        log_group = args.logs.group(
            f"{self._name}-logs",
            # AWS WAF writes to groups with this prefix only.
            args.names.physical(NameKind.LOG_GROUP, "aws-waf-logs-video-metadata-api"),
            tags=args.tags.of("api"),
            parent=self,
        )
        redacted = [
            aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
                single_header=aws.wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(name=header)
            )
            for header in _SECRET_HEADERS
        ]
        # The SDK leaves the constructors of types without fields untyped.
        query = aws.wafv2.WebAclLoggingConfigurationRedactedFieldQueryStringArgs()  # type: ignore[no-untyped-call]
        redacted.append(aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(query_string=query))
        aws.wafv2.WebAclLoggingConfiguration(
            f"{self._name}-logging",
            resource_arn=acl.arn,
            log_destination_configs=[log_group.arn],
            redacted_fields=redacted,
            opts=self._child,
        )
        return log_group


def _managed_rule(group: str, counted: tuple[str, ...], priority: int) -> "aws.wafv2.WebAclRuleArgs":
    count = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
        count=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
    )
    own_actions = aws.wafv2.WebAclRuleOverrideActionNoneArgs()  # type: ignore[no-untyped-call]
    return aws.wafv2.WebAclRuleArgs(
        name=group,
        priority=priority,
        override_action=aws.wafv2.WebAclRuleOverrideActionArgs(none=own_actions),
        statement=aws.wafv2.WebAclRuleStatementArgs(
            managed_rule_group_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(
                        name=rule, action_to_use=count
                    )
                    for rule in counted
                ],
            )
        ),
        visibility_config=_watched(group),
    )


def _watched(metric_name: str) -> "aws.wafv2.WebAclRuleVisibilityConfigArgs":
    # Samples would show whole headers, the API key among them, to whoever may read them.
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name=metric_name, sampled_requests_enabled=False
    )


def _too_many_requests() -> str:
    body = {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "code": "THROTTLED",
        "detail": "Too many requests came from this address; slow down and send the request again.",
    }
    return json.dumps(body)
