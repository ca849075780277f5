"""What clients reach: the API, and as configured a firewall in front of it and an address of its own."""

from dataclasses import dataclass

from components.api import Api, ApiArgs
from components.api_domain import ApiDomain, ApiDomainArgs
from components.composition.events import Events
from components.composition.foundation import Foundation
from components.composition.functions import Functions
from components.composition.pipeline import Pipeline
from components.composition.stores import Stores
from components.delivery import Delivery, DeliveryArgs
from components.edge_writer import EdgeWriter, EdgeWriterArgs
from components.key_maker import KeyMaker, KeyMakerArgs
from components.signing import Signing, SigningArgs
from components.stack_config import StackConfig
from components.web_firewall import WebFirewall, WebFirewallArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Everything that faces clients.

    Attributes:
        api: the REST API with its function.
        keys: makes further keys of the API.
        signing: the secret that it seals cursors and playback links with.
        firewall: AWS WAF in front of it; None without one.
        domain: its own address; None without one.
        delivery: CloudFront before the media bucket; None where links are presigned.
    """

    api: Api
    keys: KeyMaker
    signing: Signing
    firewall: WebFirewall | None
    domain: ApiDomain | None
    delivery: Delivery | None


def build_edge(
    config: StackConfig,
    base: Foundation,
    stores: Stores,
    functions: Functions,
    pipeline: Pipeline,
    events: Events,
) -> Edge:
    """Create the API and what stands before it.

    Args:
        config: configuration of the stack.
        base: names and keys.
        stores: what the API reads, and where it lets clients upload.
        functions: what all functions share, and the one that takes the API's keys up.
        pipeline: the workflow that it starts and stops.
        events: webhooks that it takes up, and queues whose dead letters it gives back.
    """
    signing = Signing(
        "signing",
        SigningArgs(tags=base.tags, protection=config.protection, key_arn=base.encryption.database_key_arn),
    )
    delivery = _build_delivery(config, base, stores, functions)
    api = Api(
        "api",
        ApiArgs(
            platform=functions.platform,
            settings=config.api,
            cors_origins=config.cors_origins,
            manage_gateway_account=config.manage_api_gateway_account,
            redis=stores.cache.access,
            signing_secret_arn=signing.secret_arn,
            buckets=stores.storage.buckets,
            state_machine_arn=pipeline.workflow.state_machine_arn,
            state_machine_name=pipeline.workflow.state_machine_name,
            retention=config.retention,
            restore=config.restore,
            jobs=config.jobs,
            webhooks=events.webhooks.access,
            redrivable=[events.ingest.redrivable, *events.webhooks.redrivable],
            messages_key_arn=base.encryption.messages_key_arn,
            migrate_function_name=functions.migrations.migrate_function_name,
            database_resource_id=stores.database.resource_id,
            delivery=config.delivery,
            edge=None if delivery is None else delivery.access,
        ),
    )
    keys = KeyMaker("keys", KeyMakerArgs(platform=functions.platform, usage_plan_id=api.usage_plan_id))
    return Edge(
        api=api,
        keys=keys,
        signing=signing,
        firewall=_build_firewall(config, base, api),
        domain=_build_domain(config, base, api),
        delivery=delivery,
    )


def _build_delivery(
    config: StackConfig, base: Foundation, stores: Stores, functions: Functions
) -> Delivery | None:
    if config.delivery.delivery != "edge":
        return None
    writer = EdgeWriter(
        "edge-writer",
        EdgeWriterArgs(
            platform=functions.platform,
            protection=config.protection,
            secrets_key_arn=base.encryption.database_key_arn,
            messages_key_arn=base.encryption.messages_key_arn,
        ),
    )
    return Delivery(
        "delivery",
        DeliveryArgs(
            names=base.names,
            tags=base.tags,
            settings=config.delivery,
            cors_origins=config.cors_origins,
            writer=writer,
            bucket=stores.storage.media,
            encryption=base.encryption,
        ),
    )


def _build_firewall(config: StackConfig, base: Foundation, api: Api) -> WebFirewall | None:
    if not config.firewall.web_firewall:
        return None
    return WebFirewall(
        "web-firewall",
        WebFirewallArgs(
            names=base.names,
            tags=base.tags,
            settings=config.firewall,
            stage_arn=api.stage_arn,
            logs=base.logs,
        ),
    )


def _build_domain(config: StackConfig, base: Foundation, api: Api) -> ApiDomain | None:
    if not config.domain.api_domain_name:
        return None
    return ApiDomain(
        "api-domain",
        ApiDomainArgs(
            names=base.names,
            tags=base.tags,
            settings=config.domain,
            rest_api_id=api.rest_api_id,
            stage_name=api.stage_name,
        ),
    )
