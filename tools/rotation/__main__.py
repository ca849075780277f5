"""`python -m tools.rotation`: replace one secret of a running stack, here or in AWS."""

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import LocalModeError
from tools.rotation import places, procedures
from tools.rotation.errors import RotationError
from tools.rotation.places import Place
from tools.rotation.versions import SecretVersions


def main(arguments: Sequence[str] | None = None) -> int:
    """Replace a secret.

    Returns:
        0 when it was replaced; 1 when the one in use has stayed.
    """
    options = _parser().parse_args(arguments)
    try:
        place = places.on_this_machine(options.stack) if options.local else places.deployed(options.stack)
        sys.stdout.write(f"{_rotate(place, options)}\n")
    except (RotationError, LocalModeError) as error:
        sys.stderr.write(f"rotation of {options.kind}: {error}\n  remedy: {error.remedy}\n")
        return 1
    except (BotoCoreError, ClientError, TimeoutError) as error:
        sys.stderr.write(f"rotation of {options.kind}: {error}\n  remedy: run it again; it goes on\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.rotation", description=__doc__)
    parser.add_argument("kind", choices=("database", "redis", "signing"))
    parser.add_argument("--stack", required=True, help="stack to work on")
    parser.add_argument("--local", action="store_true", help="the stack of local mode")
    parser.add_argument("--finish", action="store_true", help="redis: refuse the former token from now on")
    parser.add_argument("--anyway", action="store_true", help="do not ask how old the current secret is")
    return parser


def _rotate(place: Place, options: argparse.Namespace) -> str:
    client = place.client("secretsmanager")
    secret = SecretVersions(client, place.exports[f"{options.kind}_secret_arn"])
    if options.kind == "database":
        role = procedures.rotate_database(
            secret, place.client("lambda"), place.exports["migrate_function_name"], anyway=options.anyway
        )
        return (
            f"database: the application logs in as {role} now; the other role stays until the next rotation"
        )
    if options.kind == "signing":
        key_id = procedures.rotate_signing(secret, anyway=options.anyway)
        return f"signing: key {key_id} signs now; what the key before it has signed still counts"
    if options.finish:
        procedures.finish_redis(secret, place.cache)
        return "redis: only the token in use is accepted now"
    procedures.rotate_redis(secret, place.cache)
    return "redis: a new token is in use; end the former one with --finish once no task of before runs"


if __name__ == "__main__":
    sys.exit(main())
