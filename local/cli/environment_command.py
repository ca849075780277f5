"""The command that lets other programs talk to the platform on this machine."""

import argparse
import shlex
import sys

from local.cli.output import Output
from local.servers.emulator import ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY
from local.supervisor import Supervisor


def env(arguments: argparse.Namespace, output: Output) -> int:
    """Print the variables with which the AWS CLI and boto3 talk to the platform, for a shell to evaluate."""
    state = Supervisor(arguments.stack).running_state()
    variables = {
        "AWS_ENDPOINT_URL": state.emulator_url,
        "AWS_REGION": state.region,
        "AWS_DEFAULT_REGION": state.region,
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET_ACCESS_KEY,
        **({"AWS_CA_BUNDLE": state.ca_path} if state.ca_path else {}),
    }
    if output.as_json:
        output.result(variables)
        return 0
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    # A token of one's own account would be sent along, and refused.
    sys.stdout.write("\n".join([*lines, "unset AWS_SESSION_TOKEN"]) + "\n")
    return 0
