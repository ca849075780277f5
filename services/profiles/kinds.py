"""The kinds of profile beside the video ladders, and the one type that stands for all of them."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from profiles.models import (
    AudioSettings,
    Damage,
    DownloadSettings,
    EvenPixels,
    LadderProfile,
    PosterSettings,
    ProfileHeader,
    Settings,
    SpriteSettings,
    SubtitleSettings,
)

OutputName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,15}$")]
Sides = Annotated[int, Field(ge=16, le=8192)]


class OpusSettings(Settings):
    """The second file of the main track, for players and archives that prefer Opus."""

    bitrate_kbps: Annotated[int, Field(ge=16, le=256)]


class WaveformSettings(Settings):
    """The picture of the sound.

    Attributes:
        colour: Of the curve, as `#rrggbb`; the background is transparent.
    """

    width_pixels: EvenPixels
    height_pixels: EvenPixels
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]


class AudioProfile(ProfileHeader):
    """Sound alone: of a sound file, or of a video whose picture is left out.

    Attributes:
        segment_seconds: Length of a media segment in the HLS and DASH playlists.
        damage: Whether a cut or damaged source is refused, or made as far as it decodes.
    """

    kind: Literal["audio"]
    audio: AudioSettings
    segment_seconds: Annotated[float, Field(ge=1, le=12)]
    opus: OpusSettings
    waveform: WaveformSettings
    damage: Damage = "refuse"


class ThumbnailSettings(Settings):
    """Pictures at equal distances, each a file of its own."""

    count: Annotated[int, Field(ge=1, le=50)]
    max_long_side_pixels: EvenPixels
    quality: Annotated[int, Field(ge=1, le=10, description="JPEG quantiser; 1 is best")]


class ThumbnailsProfile(ProfileHeader):
    """Pictures of a video, and no video.

    Attributes:
        damage: Whether a cut or damaged source is refused, or shown as far as it decodes.
    """

    kind: Literal["thumbnails"]
    poster: PosterSettings
    thumbnails: ThumbnailSettings
    sprite: SpriteSettings
    damage: Damage = "refuse"


class PassthroughProfile(ProfileHeader):
    """The source's own streams in new files, without encoding them again.

    Attributes:
        segment_seconds: Shortest media segment; each one starts at a keyframe of the source.
        max_keyframe_seconds: Longest distance of two keyframes; a source with a longer one is refused.
        max_audio_tracks: How many of the source's tracks (languages) are kept, the default one first.
    """

    kind: Literal["passthrough"]
    segment_seconds: Annotated[float, Field(ge=1, le=12)]
    max_keyframe_seconds: Annotated[float, Field(ge=1, le=30)]
    max_audio_tracks: Annotated[int, Field(ge=1, le=16)]
    subtitles: SubtitleSettings
    download: DownloadSettings
    poster: PosterSettings
    sprite: SpriteSettings


class PictureSize(Settings):
    """One size of a picture, made in every format."""

    name: OutputName
    max_long_side_pixels: Sides


class PictureSettings(Settings):
    """What is made of a picture.

    Attributes:
        max_source_pixels: Largest picture area that is opened at all.
        max_source_bytes: Largest file that is opened at all.
        formats: `webp` keeps transparency, `jpeg` puts the picture on white.
        sizes: None of them enlarges the picture.
    """

    max_source_pixels: Annotated[int, Field(ge=10_000, le=100_000_000)]
    max_source_bytes: Annotated[int, Field(ge=1024, le=256 * 1024 * 1024)]
    formats: Annotated[tuple[Literal["webp", "jpeg"], ...], Field(min_length=1, max_length=2, strict=False)]
    webp_quality: Annotated[int, Field(ge=1, le=100, description="100 is best")]
    jpeg_quality: Annotated[int, Field(ge=1, le=10, description="JPEG quantiser; 1 is best")]
    sizes: Annotated[tuple[PictureSize, ...], Field(min_length=1, max_length=8, strict=False)]

    @model_validator(mode="after")
    def _sizes_descend(self) -> Self:
        if len(set(self.formats)) != len(self.formats) or len({size.name for size in self.sizes}) != len(
            self.sizes
        ):
            message = "formats and the names of sizes become file names and must be unique"
            raise ValueError(message)
        sides = [size.max_long_side_pixels for size in self.sizes]
        if sides != sorted(set(sides), reverse=True):
            message = f"the sizes {sides} do not descend; list each size once, from large to small"
            raise ValueError(message)
        return self


class ImageProfile(ProfileHeader):
    """A picture in several sizes and formats."""

    kind: Literal["image"]
    picture: PictureSettings


Profile = LadderProfile | AudioProfile | ThumbnailsProfile | PassthroughProfile | ImageProfile
PROFILE: Final[TypeAdapter[Profile]] = TypeAdapter(Annotated[Profile, Field(discriminator="kind")])

_ENCODED: Final = frozenset({"trim", "watermark", "max_height", "damage"})
_OVERRIDABLE: Final[Mapping[str, frozenset[str]]] = {
    "video": _ENCODED,
    "file": _ENCODED,
    "audio": frozenset({"trim", "damage"}),
    "thumbnails": frozenset({"damage"}),
}


def overridable(profile: Profile) -> frozenset[str]:
    """What a job may ask for beyond this profile: some of `trim`, `watermark`, `max_height`, `damage`."""
    return _OVERRIDABLE.get(profile.kind, frozenset())
