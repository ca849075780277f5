"""Environment variables of the two functions that send webhooks."""

from dataclasses import dataclass

from runtime.settings import BareSettings, FunctionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksSettings(FunctionSettings):
    """Hands deliveries over and records what came of them."""

    webhook_key_arn: str
    webhook_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSenderSettings(BareSettings):
    """Calls the endpoints; it runs outside of the network and knows no database."""

    webhook_report_queue_url: str
    webhook_trusted_hosts: tuple[str, ...]
