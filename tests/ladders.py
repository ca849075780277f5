"""The profiles that make ladders, as what they are: most tests of the processor take one."""

from profiles import LadderProfile, get_profile


def ladder(name: str) -> LadderProfile:
    """Give a profile by name; it must make a ladder.

    Raises:
        AssertionError: The profile makes something else.
    """
    profile = get_profile(name)
    assert isinstance(profile, LadderProfile), f"{name} makes {type(profile).__name__}"
    return profile
