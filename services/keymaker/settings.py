"""Environment variables of the function that makes keys."""

from dataclasses import dataclass

from runtime.settings import BareSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMakerSettings(BareSettings):
    """Makes keys and takes them away; it runs outside of the network and knows no database.

    Attributes:
        usage_plan_id: Plan that every key it makes belongs to.
        key_tags: JSON object with the tags of every key it makes; its role allows no others.
    """

    usage_plan_id: str
    key_tags: str
