"""The entry points of all functions, by the role that their names carry."""

from collections.abc import Mapping
from typing import Final

HANDLERS: Final[Mapping[str, str]] = {
    "api": "metadata_api.api.handler",
    "health": "metadata_api.health.handler",
    "ingest": "orchestration.ingest.handler",
    "outcome": "orchestration.outcome.handler",
    "order": "metadata_api.console.handler",
    "maintain": "upkeep.maintain.handler",
    "sweep": "upkeep.sweep.handler",
    "migrate": "upkeep.migrate.handler",
    "webhooks": "webhooks.dispatcher.handler",
    "webhook-sender": "webhooks.sender.handler",
    "key-maker": "keymaker.maker.handler",
}
