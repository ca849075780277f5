"""Processing profiles: what a job makes out of a source, as checked data.

Each profile is one YAML file in this package. The API lists them, the media work obeys them.
Not here: decisions about one source.
"""

from profiles.kinds import (
    AudioProfile,
    ImageProfile,
    OpusSettings,
    PassthroughProfile,
    PictureSettings,
    PictureSize,
    Profile,
    ThumbnailSettings,
    ThumbnailsProfile,
    WaveformSettings,
    overridable,
)
from profiles.loader import ProfileError, UnknownProfileError, get_profile, load_profiles, version_of
from profiles.models import (
    AudioSettings,
    DownloadSettings,
    LadderProfile,
    LoudnessSettings,
    PosterSettings,
    Rung,
    SpriteSettings,
    SubtitleSettings,
    VerificationSettings,
    VideoSettings,
)

__all__ = [
    "AudioProfile",
    "AudioSettings",
    "DownloadSettings",
    "ImageProfile",
    "LadderProfile",
    "LoudnessSettings",
    "OpusSettings",
    "PassthroughProfile",
    "PictureSettings",
    "PictureSize",
    "PosterSettings",
    "Profile",
    "ProfileError",
    "Rung",
    "SpriteSettings",
    "SubtitleSettings",
    "ThumbnailSettings",
    "ThumbnailsProfile",
    "UnknownProfileError",
    "VerificationSettings",
    "VideoSettings",
    "WaveformSettings",
    "get_profile",
    "load_profiles",
    "overridable",
    "version_of",
]
