"""The key value store of the edge; the rest of CloudFront is modelled, and `local.edge` stands in for it."""

from __future__ import annotations

from local.apply.context import ApplyContext, present
from local.apply.registry import handles
from local.monitor import Created, Registration


@handles("aws:cloudfront/keyValueStore:KeyValueStore")
def create_store(context: ApplyContext, resource: Registration) -> Created:
    """Creates an empty store."""
    name = context.name(resource)
    made = context.client("cloudfront").create_key_value_store(
        Name=name, **present(Comment=resource.inputs.get("comment"))
    )["KeyValueStore"]
    return Created(made["Id"], {"arn": made["ARN"], "name": made["Name"], "etag": ""})
