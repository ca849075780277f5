"""How each secret is replaced while the stack works; each can be run again where it was interrupted."""

import json
import secrets
import string
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from tools.rotation.caches import Cache
from tools.rotation.errors import RotationError
from tools.rotation.versions import PENDING, SecretVersions

# A task keeps the login that it was started with, and workflow_timeout_seconds is a day at most.
DATABASE_REST: Final = timedelta(hours=25)
# A playback link is good for 48 hours at most, and a warm environment reads the keys every five minutes.
SIGNING_REST: Final = timedelta(hours=49)
_SECOND_ROLE: Final = "_b"
_LETTERS: Final = string.ascii_letters + string.digits
_PASSWORD_CHARACTERS: Final = 40
_TOKEN_CHARACTERS: Final = 64


def rotate_database(
    secret: SecretVersions, functions: Any, migrate_function: str, *, anyway: bool = False
) -> str:
    """Moves the application to the other one of its two roles, with a new password.

    The role in use stays as it is, so whoever is connected or was started with it goes on: it gets a new
    password at the next rotation.

    Args:
        secret: The application's login.
        functions: Client of Lambda.
        migrate_function: Makes the role in the database, where only it may do so.
        anyway: Do not ask how long the current login has been in use.

    Returns:
        The name of the role that is in use now.

    Raises:
        RotationError: The role could not be made, or the last rotation is too recent.
    """
    if not anyway:
        secret.refuse_if_younger(DATABASE_REST, why="tasks may still use the login before it")
    other = other_role(str(secret.current()["username"]))
    pending = secret.pending(lambda: {"username": other, "password": _random(_PASSWORD_CHARACTERS)})
    answer = functions.invoke(
        FunctionName=migrate_function, Payload=json.dumps({"login_stage": PENDING}).encode()
    )
    if answer.get("FunctionError"):
        told = answer["Payload"].read().decode()[:500]
        message = f"{migrate_function} could not make the role {pending['username']}: {told}"
        raise RotationError(message, remedy="Read the function's log, mend the cause, run it again.")
    secret.promote()
    return str(pending["username"])


def other_role(username: str) -> str:
    """The one of the two roles that is not in use."""
    if username.endswith(_SECOND_ROLE):
        return username.removesuffix(_SECOND_ROLE)
    return f"{username}{_SECOND_ROLE}"


def rotate_redis(secret: SecretVersions, cache: Cache) -> None:
    """Puts a new token into use; the former one is accepted until `finish_redis`."""
    token = str(secret.pending(lambda: {"auth_token": _random(_TOKEN_CHARACTERS)})["auth_token"])
    cache.add(token)
    secret.promote()


def finish_redis(secret: SecretVersions, cache: Cache) -> None:
    """Ends the acceptance of all tokens but the one in use."""
    cache.keep_only(str(secret.current()["auth_token"]))


def rotate_signing(secret: SecretVersions, *, anyway: bool = False) -> str:
    """Puts a new key into use; what the former one has signed counts until the next rotation.

    Args:
        secret: The signing keys.
        anyway: Do not ask how long the current key has been in use.

    Returns:
        The id of the key that is in use now.

    Raises:
        RotationError: Links of the key before the current one may still be about.
    """
    if not anyway:
        secret.refuse_if_younger(SIGNING_REST, why="links of the key before it may still be played")
    former: Mapping[str, Any] = secret.current()["current"]

    def make() -> dict[str, Any]:
        new = {"id": str(int(former["id"]) + 1), "key": _random(_TOKEN_CHARACTERS)}
        return {"current": new, "previous": former}

    pending = secret.pending(make)
    secret.promote()
    return str(pending["current"]["id"])


def _random(characters: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(characters))
