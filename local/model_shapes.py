"""What the outputs of each resource type look like; data for `local.model`."""

from __future__ import annotations

from collections.abc import Mapping

from local.gateway_shapes import GATEWAY_SHAPES
from local.shape import Shape

_LOCATION = "{region}:{account}"

_PLAIN = Shape(id="{name}")

_EC2: Mapping[str, Shape] = {
    "aws:ec2/securityGroup:SecurityGroup": Shape(
        id="sg-{digest:.17}", arn=f"arn:aws:ec2:{_LOCATION}:security-group/sg-{{digest:.17}}", name_key="name"
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Shape(id="sgr-{digest:.17}"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Shape(id="sgr-{digest:.17}"),
    "aws:ec2/securityGroupRule:SecurityGroupRule": Shape(id="sgrule-{digest:.10}"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Shape(
        id="vpce-{digest:.17}",
        arn=f"arn:aws:ec2:{_LOCATION}:vpc-endpoint/vpce-{{digest:.17}}",
        outputs={"prefixListId": "pl-{digest:.8}", "networkInterfaceIds": []},
    ),
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": Shape(
        id="a-vpce-{digest:.17}"
    ),
    "aws:ec2/flowLog:FlowLog": Shape(
        id="fl-{digest:.17}", arn=f"arn:aws:ec2:{_LOCATION}:vpc-flow-log/fl-{{digest:.17}}"
    ),
    # awsx expands these on its own side; the ids say that nobody created them.
    "awsx:ec2:Vpc": Shape(
        id="{name}",
        outputs={
            "vpcId": "vpc-modelled-{short}",
        },
        counted={
            "publicSubnetIds": "subnet-modelled-public-{number}",
            "privateSubnetIds": "subnet-modelled-private-{number}",
            "isolatedSubnetIds": "subnet-modelled-isolated-{number}",
        },
        count_key="numberOfAvailabilityZones",
    ),
    "awsx:ecr:Repository": Shape(
        id="{name}", outputs={"url": "{account}.dkr.ecr.{region}.amazonaws.com/{name}"}
    ),
    "awsx:ecr:Image": Shape(id="{name}", outputs={"imageUri": "{inputs[repositoryUrl]}:modelled"}),
    "aws:ecr/repository:Repository": Shape(
        id="{name}",
        arn=f"arn:aws:ecr:{_LOCATION}:repository/{{name}}",
        name_key="name",
        outputs={
            "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
            "registryId": "{account}",
        },
    ),
}

_STORAGE: Mapping[str, Shape] = {
    "aws:s3/bucket:Bucket": Shape(
        id="{name}",
        arn="arn:aws:s3:::{name}",
        name_key="bucket",
        outputs={
            "bucketDomainName": "{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{name}.s3.{region}.amazonaws.com",
            "hostedZoneId": "Z2M4EHUR26P7ZW",
            "region": "{region}",
            "bucketRegion": "{region}",
        },
    ),
    "aws:efs/fileSystem:FileSystem": Shape(
        id="fs-{digest:.17}",
        arn=f"arn:aws:elasticfilesystem:{_LOCATION}:file-system/fs-{{digest:.17}}",
        outputs={"dnsName": "{id}.efs.{region}.amazonaws.com"},
    ),
    "aws:efs/accessPoint:AccessPoint": Shape(
        id="fsap-{digest:.17}",
        arn=f"arn:aws:elasticfilesystem:{_LOCATION}:access-point/fsap-{{digest:.17}}",
    ),
    "aws:efs/mountTarget:MountTarget": Shape(id="fsmt-{digest:.17}"),
}

_DATA: Mapping[str, Shape] = {
    "aws:rds/instance:Instance": Shape(
        id="db-{digest:.26}",
        arn=f"arn:aws:rds:{_LOCATION}:db:{{name}}",
        name_key="identifier",
        outputs={
            "address": "{name}.modelled.{region}.rds.amazonaws.com",
            "endpoint": "{name}.modelled.{region}.rds.amazonaws.com:5432",
            "port": 5432,
            "resourceId": "{id}",
            "masterUserSecrets": [
                {
                    "secretArn": f"arn:aws:secretsmanager:{_LOCATION}:secret:rds!{{id}}",
                    "secretStatus": "active",
                    "kmsKeyId": "modelled",
                }
            ],
        },
    ),
    "aws:rds/proxy:Proxy": Shape(
        id="{name}",
        arn=f"arn:aws:rds:{_LOCATION}:db-proxy:prx-{{digest:.17}}",
        name_key="name",
        outputs={"endpoint": "{name}.proxy-modelled.{region}.rds.amazonaws.com"},
    ),
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": Shape(
        id="{name}", outputs={"name": "default"}
    ),
    "aws:rds/proxyTarget:ProxyTarget": _PLAIN,
    "aws:rds/subnetGroup:SubnetGroup": Shape(
        id="{name}", arn=f"arn:aws:rds:{_LOCATION}:subgrp:{{name}}", name_key="name"
    ),
    "aws:rds/parameterGroup:ParameterGroup": Shape(
        id="{name}", arn=f"arn:aws:rds:{_LOCATION}:pg:{{name}}", name_key="name"
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Shape(
        id="{name}",
        arn=f"arn:aws:elasticache:{_LOCATION}:replicationgroup:{{name}}",
        name_key="replicationGroupId",
        outputs={
            "primaryEndpointAddress": "master.{name}.modelled.cache.amazonaws.com",
            "readerEndpointAddress": "replica.{name}.modelled.cache.amazonaws.com",
            "memberClusters": ["{name}-001", "{name}-002"],
        },
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": Shape(
        id="{name}", arn=f"arn:aws:elasticache:{_LOCATION}:subnetgroup:{{name}}", name_key="name"
    ),
    "aws:elasticache/parameterGroup:ParameterGroup": Shape(
        id="{name}", arn=f"arn:aws:elasticache:{_LOCATION}:parametergroup:{{name}}", name_key="name"
    ),
}

_SECURITY: Mapping[str, Shape] = {
    "aws:iam/role:Role": Shape(
        id="{name}",
        arn="arn:aws:iam::{account}:role/{name}",
        name_key="name",
        outputs={"uniqueId": "AROA{digest:.17}"},
    ),
    "aws:iam/policy:Policy": Shape(id="{arn}", arn="arn:aws:iam::{account}:policy/{name}", name_key="name"),
    "aws:iam/rolePolicy:RolePolicy": Shape(id="{inputs[role]}:{name}", name_key="name"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _PLAIN,
    "aws:kms/key:Key": Shape(
        id="{digest}", arn=f"arn:aws:kms:{_LOCATION}:key/{{digest}}", outputs={"keyId": "{digest}"}
    ),
    "aws:kms/alias:Alias": Shape(id="{name}", arn=f"arn:aws:kms:{_LOCATION}:{{name}}", name_key="name"),
    "aws:secretsmanager/secret:Secret": Shape(
        id="{arn}", arn=f"arn:aws:secretsmanager:{_LOCATION}:secret:{{name}}-{{digest:.6}}", name_key="name"
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Shape(
        id="{inputs[secretId]}|{digest:.32}",
        outputs={"versionId": "{digest:.32}", "versionStages": ["AWSCURRENT"]},
    ),
    "aws:wafv2/webAcl:WebAcl": Shape(
        id="{digest:.32}",
        arn=f"arn:aws:wafv2:{_LOCATION}:regional/webacl/{{name}}/{{digest:.32}}",
        name_key="name",
    ),
    "random:index/randomPassword:RandomPassword": Shape(
        id="none",
        outputs={"result": "modelled-{digest}", "bcryptHash": "modelled-{digest}"},
        secret_outputs=("result", "bcryptHash"),
    ),
    "random:index/randomString:RandomString": Shape(id="{digest:.16}", outputs={"result": "{digest:.16}"}),
    "random:index/randomUuid:RandomUuid": Shape(id="{digest:.32}", outputs={"result": "{digest:.32}"}),
    "random:index/randomId:RandomId": Shape(
        id="{digest:.11}",
        outputs={
            "hex": "{digest:.16}",
            "b64Url": "{digest:.11}",
            "b64Std": "{digest:.11}",
            "dec": "1234567890",
        },
    ),
}

_EVENTS: Mapping[str, Shape] = {
    "aws:sqs/queue:Queue": Shape(
        id="https://sqs.{region}.amazonaws.com/{account}/{name}",
        arn=f"arn:aws:sqs:{_LOCATION}:{{name}}",
        name_key="name",
        outputs={"url": "{id}"},
    ),
    "aws:sns/topic:Topic": Shape(id="{arn}", arn=f"arn:aws:sns:{_LOCATION}:{{name}}", name_key="name"),
    "aws:sns/topicSubscription:TopicSubscription": Shape(id="{arn}", arn="{inputs[topic]}:{digest:.32}"),
    "aws:cloudwatch/eventRule:EventRule": Shape(
        id="{name}", arn=f"arn:aws:events:{_LOCATION}:rule/{{name}}", name_key="name"
    ),
    "aws:cloudwatch/logGroup:LogGroup": Shape(
        id="{name}", arn=f"arn:aws:logs:{_LOCATION}:log-group:{{name}}", name_key="name"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Shape(
        id="{name}", arn=f"arn:aws:cloudwatch:{_LOCATION}:alarm:{{name}}", name_key="name"
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": Shape(
        id="{name}", arn=f"arn:aws:cloudwatch:{_LOCATION}:alarm:{{name}}", name_key="alarmName"
    ),
    "aws:cloudwatch/dashboard:Dashboard": Shape(
        id="{name}",
        outputs={"dashboardArn": "arn:aws:cloudwatch::{account}:dashboard/{name}"},
        name_key="dashboardName",
    ),
    "aws:sfn/stateMachine:StateMachine": Shape(
        id="{arn}", arn=f"arn:aws:states:{_LOCATION}:stateMachine:{{name}}", name_key="name"
    ),
}

_INVOKE_ARN_PREFIX = "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions"
_FUNCTION_ARN = f"arn:aws:lambda:{_LOCATION}:function:{{name}}"

_COMPUTE: Mapping[str, Shape] = {
    "aws:lambda/function:Function": Shape(
        id="{name}",
        arn=_FUNCTION_ARN,
        name_key="name",
        outputs={
            "invokeArn": f"{_INVOKE_ARN_PREFIX}/{_FUNCTION_ARN}/invocations",
            "qualifiedArn": f"{_FUNCTION_ARN}:1",
            "version": "$LATEST",
        },
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Shape(
        id="{digest:.32}",
        arn=f"arn:aws:lambda:{_LOCATION}:event-source-mapping:{{digest:.32}}",
        outputs={"uuid": "{digest:.32}"},
    ),
    "aws:lambda/invocation:Invocation": Shape(id="{digest:.32}", outputs={"result": "{{}}"}),
    "aws:ecs/cluster:Cluster": Shape(
        id="{arn}", arn=f"arn:aws:ecs:{_LOCATION}:cluster/{{name}}", name_key="name"
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Shape(
        id="{inputs[family]}",
        arn=f"arn:aws:ecs:{_LOCATION}:task-definition/{{inputs[family]}}:1",
        outputs={
            "arnWithoutRevision": f"arn:aws:ecs:{_LOCATION}:task-definition/{{inputs[family]}}",
            "revision": 1,
        },
    ),
    "aws:cloudfront/distribution:Distribution": Shape(
        id="E{digest:.13}",
        arn="arn:aws:cloudfront::{account}:distribution/E{digest:.13}",
        outputs={"domainName": "{digest:.13}.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2"},
    ),
    "aws:cloudfront/originAccessControl:OriginAccessControl": Shape(id="E{digest:.13}", name_key="name"),
    "aws:cloudfront/cachePolicy:CachePolicy": Shape(id="{digest:.36}", name_key="name"),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": Shape(id="{digest:.36}", name_key="name"),
    "aws:cloudfront/function:Function": Shape(
        id="{name}", arn="arn:aws:cloudfront::{account}:function/{name}", name_key="name"
    ),
    "aws:cloudfront/keyValueStore:KeyValueStore": Shape(
        id="{digest:.36}", arn="arn:aws:cloudfront::{account}:key-value-store/{digest:.36}", name_key="name"
    ),
}

SHAPES: Mapping[str, Shape] = {
    **_EC2,
    **_STORAGE,
    **_DATA,
    **_SECURITY,
    **_EVENTS,
    **_COMPUTE,
    **GATEWAY_SHAPES,
}
