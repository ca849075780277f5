"""Processing profiles: what a job makes out of a source, as checked data.

Each profile is one YAML file in this package. The API lists them, the processor obeys them.
"""

from profiles.loader import ProfileError, UnknownProfileError, get_profile, load_profiles
from profiles.models import (
    AudioSettings,
    DownloadSettings,
    LoudnessSettings,
    PosterSettings,
    Profile,
    ProfileKind,
    Rung,
    SpriteSettings,
    SubtitleSettings,
    VerificationSettings,
    VideoSettings,
)

__all__ = [
    "AudioSettings",
    "DownloadSettings",
    "LoudnessSettings",
    "PosterSettings",
    "Profile",
    "ProfileError",
    "ProfileKind",
    "Rung",
    "SpriteSettings",
    "SubtitleSettings",
    "UnknownProfileError",
    "VerificationSettings",
    "VideoSettings",
    "get_profile",
    "load_profiles",
]
