"""The private network: three subnet tiers, ways out, and security groups that name their peers."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from components.choices import NatStrategy
from components.endpoint_policies import endpoint_policy
from components.flow_logs import FlowLogs, FlowLogsArgs
from components.log_keeping import LogKeeping
from components.naming import NameKind, Names
from components.settings import NetworkSettings
from components.tags import Tags

_NAT: dict[NatStrategy, awsx.ec2.NatGatewayStrategy] = {
    "none": awsx.ec2.NatGatewayStrategy.NONE,
    "single": awsx.ec2.NatGatewayStrategy.SINGLE,
    "per-az": awsx.ec2.NatGatewayStrategy.ONE_PER_AZ,
}
_POSTGRES_PORT = 5432
_REDIS_PORT = 6379
_NFS_PORT = 2049
_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkArgs:
    """Shape of the network.

    Attributes:
        names: physical names and ARNs of the stack.
        tags: tags of the stack.
        settings: address range, zones, ways out.
        database_proxy: a proxy stands between the functions and the database.
        logs: how flow logs are kept.
    """

    names: Names
    tags: Tags
    settings: NetworkSettings
    database_proxy: bool
    logs: LogKeeping


class Network(pulumi.ComponentResource):
    """Creates the VPC, its endpoints, its flow logs and one security group per kind of peer.

    Public subnets hold the NAT gateways only, private subnets the tasks and functions, isolated subnets the
    database and the cache. With interface endpoints, tasks and functions can reach the endpoints and nothing
    else outside. The proxy's group has an empty id when there is no proxy.
    """

    vpc_id: pulumi.Output[str]
    public_subnet_ids: pulumi.Output[Sequence[str]]
    private_subnet_ids: pulumi.Output[Sequence[str]]
    isolated_subnet_ids: pulumi.Output[Sequence[str]]
    ecs_security_group_id: pulumi.Output[str]
    lambda_security_group_id: pulumi.Output[str]
    migrate_security_group_id: pulumi.Output[str]
    proxy_security_group_id: pulumi.Output[str]
    rds_security_group_id: pulumi.Output[str]
    redis_security_group_id: pulumi.Output[str]
    efs_security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:network:Network", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        vpc = self._build_vpc()
        self.vpc_id = vpc.vpc_id
        self.public_subnet_ids = vpc.public_subnet_ids
        self.private_subnet_ids = vpc.private_subnet_ids
        self.isolated_subnet_ids = vpc.isolated_subnet_ids
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(
                names=args.names,
                tags=args.tags,
                vpc_id=self.vpc_id,
                logs=args.logs,
            ),
            opts=self._child,
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=self.vpc_id,
            ingress=[],
            egress=[],
            tags=args.tags.of("network"),
            opts=self._child,
        )
        self._build_groups()
        self._register()

    def _build_groups(self) -> None:
        ecs, function = self._group("ecs", "Video-processing tasks"), self._group("lambda", "Functions")
        migrate = self._group("migrate", "The function that migrates the database")
        rds, redis = self._group("rds", "The PostgreSQL database"), self._group("redis", "The Redis cache")
        efs = self._group("efs", "The shared file system")
        for client, client_role in ((ecs, "ecs"), (migrate, "migrate")):
            self._connect(client, client_role, rds, "rds", _POSTGRES_PORT)
        for client, client_role in ((ecs, "ecs"), (function, "lambda")):
            self._connect(client, client_role, redis, "redis", _REDIS_PORT)
            self._connect(client, client_role, efs, "efs", _NFS_PORT)
        self._build_ways_out({"ecs": ecs, "lambda": function, "migrate": migrate})
        self.ecs_security_group_id = ecs.id
        self.lambda_security_group_id = function.id
        self.migrate_security_group_id = migrate.id
        self.proxy_security_group_id = self._connect_functions(function, rds)
        self.rds_security_group_id = rds.id
        self.redis_security_group_id = redis.id
        self.efs_security_group_id = efs.id

    def _connect_functions(
        self, function: aws.ec2.SecurityGroup, rds: aws.ec2.SecurityGroup
    ) -> pulumi.Output[str]:
        """Lead the functions to the database, through the proxy when there is one."""
        if not self._args.database_proxy:
            self._connect(function, "lambda", rds, "rds", _POSTGRES_PORT)
            return pulumi.Output.from_input("")
        proxy = self._group("proxy", "The database proxy")
        self._connect(function, "lambda", proxy, "proxy", _POSTGRES_PORT)
        self._connect(proxy, "proxy", rds, "rds", _POSTGRES_PORT)
        return proxy.id

    def _register(self) -> None:
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "isolated_subnet_ids": self.isolated_subnet_ids,
                "ecs_security_group_id": self.ecs_security_group_id,
                "lambda_security_group_id": self.lambda_security_group_id,
                "migrate_security_group_id": self.migrate_security_group_id,
                "proxy_security_group_id": self.proxy_security_group_id,
                "rds_security_group_id": self.rds_security_group_id,
                "redis_security_group_id": self.redis_security_group_id,
                "efs_security_group_id": self.efs_security_group_id,
            }
        )

    def _build_vpc(self) -> awsx.ec2.Vpc:
        args = self._args
        vpc_name = args.names.physical(NameKind.VPC, "video-processing-vpc")
        return awsx.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=args.settings.vpc_cidr,
            number_of_availability_zones=args.settings.availability_zones,
            availability_zone_cidr_mask=args.settings.zone_mask,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=_NAT[args.settings.nat_strategy]),
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            subnet_specs=[
                awsx.ec2.SubnetSpecArgs(type=awsx.ec2.SubnetType.PUBLIC, name="public", cidr_mask=24),
                awsx.ec2.SubnetSpecArgs(type=awsx.ec2.SubnetType.PRIVATE, name="private", cidr_mask=22),
                awsx.ec2.SubnetSpecArgs(type=awsx.ec2.SubnetType.ISOLATED, name="isolated", cidr_mask=24),
            ],
            tags=args.tags.of("network", Name=vpc_name),
            opts=self._child,
        )

    def _group(self, role: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{self._name}-{role}",
            description=f"{description} of the video platform",
            vpc_id=self.vpc_id,
            tags=self._args.tags.of("network", Name=f"video-platform-{self._args.names.stack}-{role}"),
            opts=self._child,
        )

    def _connect(
        self,
        client: aws.ec2.SecurityGroup,
        client_role: str,
        server: aws.ec2.SecurityGroup,
        server_role: str,
        port: int,
    ) -> None:
        """Open one port between two groups, in both directions of the rule pair."""
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{server_role}-from-{client_role}",
            security_group_id=server.id,
            referenced_security_group_id=client.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"{server_role} port {port} from {client_role}",
            tags=self._args.tags.of("network"),
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-{client_role}-to-{server_role}",
            security_group_id=client.id,
            referenced_security_group_id=server.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"{client_role} to {server_role} port {port}",
            tags=self._args.tags.of("network"),
            opts=self._child,
        )

    def _build_ways_out(self, clients: dict[str, aws.ec2.SecurityGroup]) -> None:
        endpoints = (
            self._group("endpoints", "Interface endpoints")
            if self._args.settings.interface_endpoints
            else None
        )
        s3 = self._build_endpoints(endpoints)
        for role, client in clients.items():
            if role != "migrate":
                self._allow_https(role, client, "s3", prefix_list_id=s3.prefix_list_id)
            if endpoints is None:
                self._allow_https(role, client, "aws", cidr_ipv4="0.0.0.0/0")
            else:
                self._connect(client, role, endpoints, "endpoints", _HTTPS_PORT)

    def _allow_https(
        self,
        role: str,
        client: aws.ec2.SecurityGroup,
        peer: str,
        *,
        prefix_list_id: pulumi.Output[str] | None = None,
        cidr_ipv4: str | None = None,
    ) -> None:
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-{role}-to-{peer}",
            security_group_id=client.id,
            prefix_list_id=prefix_list_id,
            cidr_ipv4=cidr_ipv4,
            ip_protocol="tcp",
            from_port=_HTTPS_PORT,
            to_port=_HTTPS_PORT,
            description=f"{role} to {peer} over HTTPS",
            tags=self._args.tags.of("network"),
            opts=self._child,
        )

    def _build_endpoints(self, endpoint_group: aws.ec2.SecurityGroup | None) -> aws.ec2.VpcEndpoint:
        # awsx attaches its own gateway endpoints to no route table, so they are separate resources here.
        route_tables = aws.ec2.get_route_tables_output(
            vpc_id=self.vpc_id, filters=[{"name": "association.main", "values": ["false"]}]
        )
        gateways = {
            service: aws.ec2.VpcEndpoint(
                f"{self._name}-{service}-endpoint",
                vpc_id=self.vpc_id,
                service_name=f"com.amazonaws.{self._args.names.region}.{service}",
                vpc_endpoint_type="Gateway",
                policy=endpoint_policy(self._args.names, service),
                route_table_ids=route_tables.ids,
                tags=self._args.tags.of("network", Name=f"video-platform-{self._args.names.stack}-{service}"),
                opts=self._child,
            )
            for service in ("s3", "dynamodb")
        }
        if endpoint_group is not None:
            for service in self._args.settings.interface_endpoints:
                self._build_interface_endpoint(service, endpoint_group)
        return gateways["s3"]

    def _build_interface_endpoint(self, service: str, group: aws.ec2.SecurityGroup) -> None:
        role = service.replace(".", "-")
        aws.ec2.VpcEndpoint(
            f"{self._name}-{role}-endpoint",
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{self._args.names.region}.{service}",
            vpc_endpoint_type="Interface",
            policy=endpoint_policy(self._args.names, service),
            private_dns_enabled=True,
            subnet_ids=self.private_subnet_ids,
            security_group_ids=[group.id],
            tags=self._args.tags.of("network", Name=f"video-platform-{self._args.names.stack}-{role}"),
            opts=self._child,
        )
