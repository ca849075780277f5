"""Roles and policies; the emulator enforces them."""

from __future__ import annotations

from botocore.exceptions import ClientError

from local.apply.context import ApplyContext, present, tag_pairs
from local.apply.registry import handles
from local.monitor import Created, Registration


@handles("aws:iam/role:Role")
def create_role(context: ApplyContext, resource: Registration) -> Created:
    """Creates a role with its trust policy and what is attached to it directly."""
    iam, name, inputs = context.client("iam"), context.name(resource), resource.inputs
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        **present(
            Path=inputs.get("path"),
            Description=inputs.get("description"),
            MaxSessionDuration=inputs.get("maxSessionDuration"),
            PermissionsBoundary=inputs.get("permissionsBoundary"),
            Tags=tag_pairs(resource) or None,
        ),
    )["Role"]
    for policy_arn in inputs.get("managedPolicyArns") or []:
        attach(context, name, str(policy_arn))
    for inline in inputs.get("inlinePolicies") or []:
        iam.put_role_policy(RoleName=name, PolicyName=inline["name"], PolicyDocument=inline["policy"])
    return Created(name, {"arn": role["Arn"], "name": name, "uniqueId": role["RoleId"]})


@handles("aws:iam/rolePolicy:RolePolicy")
def put_role_policy(context: ApplyContext, resource: Registration) -> Created:
    """Writes an inline policy into a role."""
    name, role = context.name(resource), str(resource.inputs["role"])
    context.client("iam").put_role_policy(
        RoleName=role, PolicyName=name, PolicyDocument=resource.inputs["policy"]
    )
    return Created(f"{role}:{name}", {"name": name})


@handles("aws:iam/policy:Policy")
def create_policy(context: ApplyContext, resource: Registration) -> Created:
    """Creates a managed policy."""
    name = context.name(resource)
    policy = context.client("iam").create_policy(
        PolicyName=name,
        PolicyDocument=resource.inputs["policy"],
        **present(Path=resource.inputs.get("path"), Description=resource.inputs.get("description")),
    )["Policy"]
    return Created(policy["Arn"], {"arn": policy["Arn"], "name": name, "policyId": policy["PolicyId"]})


@handles("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def attach_policy(context: ApplyContext, resource: Registration) -> Created:
    """Attaches a managed policy to a role."""
    role, policy_arn = str(resource.inputs["role"]), str(resource.inputs["policyArn"])
    attach(context, role, policy_arn)
    return Created(f"{role}-{policy_arn}")


def attach(context: ApplyContext, role: str, policy_arn: str) -> None:
    """Attaches a managed policy to a role.

    Args:
        context: Clients of the emulator.
        role: Name of the role.
        policy_arn: ARN of the policy. One of AWS's own that the emulator does not carry has no effect here,
            because the services that would use it (RDS monitoring, for example) do not run here either.
    """
    try:
        context.client("iam").attach_role_policy(RoleName=role, PolicyArn=policy_arn)
    except ClientError as error:
        missing = error.response["Error"]["Code"] == "NoSuchEntity"
        if not (missing and policy_arn.startswith("arn:aws:iam::aws:policy/")):
            raise
