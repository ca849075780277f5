"""Reads the profile files of this package once and checks them all."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import ValidationError

from profiles.kinds import PROFILE, Profile

PROFILES_DIRECTORY = Path(__file__).parent
_VERSION_CHARACTERS = 16


class ProfileError(ValueError):
    """A profile file is wrong; whoever edits the file must act."""


class UnknownProfileError(LookupError):
    """No profile has the requested name; the caller must choose a listed one."""


@cache
def load_profiles(directory: Path = PROFILES_DIRECTORY) -> Mapping[str, Profile]:
    """Give every profile by its name, in alphabetical order.

    Args:
        directory: Where the `*.yaml` files are.

    Raises:
        ProfileError: A file is not YAML, breaks a rule of the model, or has another name than its profile.
    """
    paths = sorted(directory.glob("*.yaml"), key=lambda path: path.stem)
    if not paths:
        message = f"{directory} holds no *.yaml profile; at least one is needed"
        raise ProfileError(message)
    return MappingProxyType({path.stem: _load(path) for path in paths})


def get_profile(name: str) -> Profile:
    """Give the profile called `name`.

    Raises:
        UnknownProfileError: There is none; the message lists those that exist.
    """
    profiles = load_profiles()
    if name not in profiles:
        message = f"profile {name!r} does not exist; choose one of: {', '.join(profiles)}"
        raise UnknownProfileError(message)
    return profiles[name]


@cache
def version_of(profile: Profile) -> str:
    """What tells a profile from one of its name with other settings, as 16 hexadecimal digits.

    A digest of everything the profile says but its words for people, as checked: comments and the order of
    keys in the file make no difference.
    """
    said = profile.model_dump(mode="json", exclude={"title", "description"})
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:_VERSION_CHARACTERS]


def _load(path: Path) -> Profile:
    try:
        # The safe loader of libyaml: the one in Python costs every cold start of the API 20 ms more.
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        profile = PROFILE.validate_python(document)
    except yaml.YAMLError as error:
        message = f"{path.name} is not valid YAML: {error}; correct the file"
        raise ProfileError(message) from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(_place(problem['loc'])) or 'profile'}: {problem['msg']}" for problem in error.errors()
        )
        message = f"{path.name} breaks the profile rules: {problems}; correct the file"
        raise ProfileError(message) from error
    if profile.name != path.stem:
        message = f"{path.name} holds the profile {profile.name!r}; rename the file or the profile"
        raise ProfileError(message)
    return profile


def _place(location: tuple[int | str, ...]) -> list[str]:
    """Name a key as the file does: the checker puts the kind in front of it."""
    return [str(part) for part in (location[1:] if len(location) > 1 else location)]
