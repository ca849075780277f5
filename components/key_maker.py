"""Who makes API keys: a function outside the network, which may do nothing else at API Gateway."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.function import FunctionPlatform, LambdaFunction, LambdaFunctionArgs
from components.naming import NameKind, Names
from components.policies import Statement

_ROLE = "key-maker"
# Two calls of API Gateway, five seconds each at the longest, after a start; the API waits for 24.
_TIMEOUT_SECONDS = 20


def key_maker_environment(names: Names) -> Mapping[str, str]:
    """Give what functions that ask for keys are told.

    The name is built, not taken from the function: the function belongs to the usage plan, that to the stage,
    and the stage to the function behind the API, which asks for keys.
    """
    return {"KEY_MAKER_FUNCTION_NAME": _function_name(names)}


def ask_key_maker(names: Names) -> Statement:
    """Allow calling the function and waiting for its answer."""
    return Statement(
        sid="AskKeyMaker",
        actions=["lambda:InvokeFunction"],
        resources=[names.arn("lambda", f"function:{_function_name(names)}")],
    )


def _function_name(names: Names) -> str:
    return names.physical(NameKind.FUNCTION, f"video-{_ROLE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMakerArgs:
    """What the function works with.

    Attributes:
        platform: what all functions share.
        usage_plan_id: plan that every key belongs to.
    """

    platform: FunctionPlatform
    usage_plan_id: pulumi.Input[str]


class KeyMaker(pulumi.ComponentResource):
    """Creates the function that makes API keys and takes them away.

    It touches only keys with its own tags, so neither those of other stacks nor the one that the deployment
    made. The caller allows those who ask to call it.
    """

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: KeyMakerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("video-platform:key_maker:KeyMaker", name, None, opts)
        self._args = args
        tags = args.platform.tags.of("api", **{"managed-by": _ROLE})
        function = LambdaFunction(
            f"{name}-maker",
            LambdaFunctionArgs(
                platform=args.platform,
                role=_ROLE,
                handler="keymaker.maker.handler",
                description="Makes API keys at API Gateway and takes them away",
                timeout_seconds=_TIMEOUT_SECONDS,
                environment={"USAGE_PLAN_ID": args.usage_plan_id, "KEY_TAGS": json.dumps(tags)},
                statements=self._statements(tags),
                outside=True,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})

    def _statements(self, tags: Mapping[str, str]) -> list[Statement]:
        """Give the permissions, as the Service Authorization Reference has them for API Gateway Management.

        There is none to read keys: who may list them may read the values of all keys in the account.
        """
        region = self._args.platform.names.region
        gateway = f"arn:aws:apigateway:{region}::"
        marks = {key: tags[key] for key in ("project", "stack", "managed-by")}
        return [
            Statement(
                sid="MakeKeys",
                actions=["apigateway:POST"],
                resources=[f"{gateway}/apikeys"],
                conditions={"StringEquals": {f"aws:RequestTag/{key}": text for key, text in marks.items()}},
            ),
            # Asked for beside POST for a key that is made with tags, on a key of the name `*`
            # (https://github.com/mattclay/aws-terminator/pull/284 has it for APIs). The variable means that
            # character and no other (IAM User Guide, "IAM policy elements: Variables and tags"): the tags of
            # keys that exist stay as they are.
            Statement(
                sid="TagKeysInTheMaking",
                actions=["apigateway:PUT"],
                resources=[f"{gateway}/tags/arn%3Aaws%3Aapigateway%3A{region}%3A%3A%2Fapikeys%2F" + "${*}"],
            ),
            Statement(
                sid="PutKeysUnderThePlan",
                actions=["apigateway:POST"],
                resources=[pulumi.Output.concat(gateway, "/usageplans/", self._args.usage_plan_id, "/keys")],
            ),
            Statement(
                sid="RemoveKeys",
                actions=["apigateway:DELETE"],
                resources=[f"{gateway}/apikeys/*"],
                conditions={"StringEquals": {f"aws:ResourceTag/{key}": text for key, text in marks.items()}},
            ),
            Statement(sid="FindKeysByTag", actions=["tag:GetResources"], resources=["*"]),
        ]
