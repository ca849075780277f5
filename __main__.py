"""The video platform: reads the stack's configuration, composes groups of components, exports their outputs.

Each group is a plain function in components/composition. It is given the groups that it builds on and gives
back its components; it creates nothing but components.
"""

import pulumi
import pulumi_aws as aws

from components.composition.edge import build_edge
from components.composition.events import build_events
from components.composition.foundation import build_foundation
from components.composition.functions import build_functions
from components.composition.pipeline import build_pipeline
from components.composition.stores import build_stores
from components.config import load_config
from components.deployment_package import check_package
from components.exports import stack_exports
from components.naming import Names

project = pulumi.get_project()
config, region = load_config(project)
check_package(config.cpu_architecture)
names = Names(stack=pulumi.get_stack(), region=region, account_id=aws.get_caller_identity().account_id)

# Encryption, Network: six keys, three tiers of subnets, one security group for each kind of peer.
foundation = build_foundation(config, names, project)

# Database, Cache, Storage: PostgreSQL, Redis, the buckets, and EFS for jobs in windows.
stores = build_stores(config, foundation)

# Migrations, and where configured DatabaseProxy: the schema and RDS Proxy, which functions wait for.
functions = build_functions(config, foundation, stores)

# Notifications, Processing, ProcessingTask, Workflow: topics, the Fargate cluster with its image, the ffmpeg
# task, and the state machine that runs it and tells the topics.
pipeline = build_pipeline(config, foundation, stores, functions)

# Ingest, Webhooks, Sweep: files that arrive, calls to other systems, what schedules heal and delete.
events = build_events(config, foundation, stores, functions, pipeline)

# Api, KeyMaker, and where configured WebFirewall and ApiDomain: API Gateway, the function behind it, and the
# one that makes further keys.
edge = build_edge(config, foundation, stores, functions, pipeline, events)

for key, output in stack_exports(foundation, stores, functions, pipeline, events, edge).items():
    pulumi.export(key, output)
