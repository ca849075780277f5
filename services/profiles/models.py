"""The shape of a processing profile, with the ranges that keep ffmpeg inside its means."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
RungName = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{1,3}p$")]
EvenPixels = Annotated[int, Field(ge=64, le=8192, multiple_of=2)]
BitrateKbps = Annotated[int, Field(ge=50, le=100_000)]
Damage = Literal["refuse", "keep"]


class Settings(BaseModel):
    """Refuses unknown keys, so that a misspelt option is an error and not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Rung(Settings):
    """One step of the ladder: a box that the picture must fit in, and the rate it may use.

    Attributes:
        name: Output name, for example `720p`.
        short_side_pixels: Longest allowed short side (the height of a landscape picture).
        long_side_pixels: Longest allowed long side.
        max_bitrate_kbps: Peak rate of the rung at up to 30 frames a second.
    """

    name: RungName
    short_side_pixels: EvenPixels
    long_side_pixels: EvenPixels
    max_bitrate_kbps: BitrateKbps

    @model_validator(mode="after")
    def _sides_in_order(self) -> Self:
        if self.long_side_pixels < self.short_side_pixels:
            message = (
                f"rung {self.name}: long_side_pixels {self.long_side_pixels} is below "
                f"short_side_pixels {self.short_side_pixels}; swap the two values"
            )
            raise ValueError(message)
        return self


class VideoSettings(Settings):
    """How the video is encoded; the numbers are measured ones, see the comments in the YAML file.

    Attributes:
        codec: `h264` (x264), `hevc` (x265) or `av1` (SVT-AV1).
        preset: Effort of the encoder: a word for x264 and x265, a number from 4 (slow) to 13 for SVT-AV1.
        crf: Constant quality, lower is better; the same number means another quality for each codec.
    """

    codec: Literal["h264", "hevc", "av1"]
    preset: (
        Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"]
        | Annotated[int, Field(ge=4, le=13)]
    )
    crf: Annotated[float, Field(ge=10, le=60)]
    gop_seconds: Annotated[float, Field(ge=0.5, le=10)]
    segment_seconds: Annotated[float, Field(ge=1, le=12)]
    buffer_seconds: Annotated[float, Field(ge=0.5, le=4)]
    max_frame_rate: Annotated[int, Field(ge=1, le=120)]
    high_frame_rate_factor: Annotated[float, Field(ge=1, le=2)]
    rungs: Annotated[tuple[Rung, ...], Field(min_length=1, max_length=8, strict=False)]

    @model_validator(mode="after")
    def _effort_fits_codec(self) -> Self:
        if isinstance(self.preset, int) != (self.codec == "av1"):
            message = (
                f"preset {self.preset!r} does not fit the codec {self.codec}; "
                "use a number from 4 to 13 for av1, and a word such as 'medium' for h264 and hevc"
            )
            raise ValueError(message)
        if self.codec == "av1" and self.crf % 1:
            message = f"crf {self.crf} does not fit the codec av1; use a whole number"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _ladder_descends(self) -> Self:
        for upper, lower in zip(self.rungs, self.rungs[1:], strict=False):
            if lower.short_side_pixels >= upper.short_side_pixels:
                message = (
                    f"rung {lower.name} is not smaller than {upper.name}; list rungs from large to small"
                )
                raise ValueError(message)
            if lower.max_bitrate_kbps >= upper.max_bitrate_kbps:
                message = f"rung {lower.name} may use as much as {upper.name}; lower its max_bitrate_kbps"
                raise ValueError(message)
        if len({rung.name for rung in self.rungs}) != len(self.rungs):
            message = "two rungs have the same name; every name becomes a file and must be unique"
            raise ValueError(message)
        if self.segment_seconds < self.gop_seconds:
            message = (
                f"segment_seconds {self.segment_seconds} is below gop_seconds {self.gop_seconds}; "
                "a segment holds at least one group of pictures"
            )
            raise ValueError(message)
        return self


class LoudnessSettings(Settings):
    """How loud the sound becomes, after EBU R128.

    Attributes:
        target_lufs: Integrated loudness.
        max_true_peak_dbtp: Highest true peak; where the gain would pass it, a limiter holds it down.
    """

    target_lufs: Annotated[float, Field(ge=-40, le=-10)]
    max_true_peak_dbtp: Annotated[float, Field(ge=-9, le=0)]


class AudioSettings(Settings):
    """How the sound is encoded; sources without sound simply have no audio output.

    Attributes:
        bitrate_kbps: Rate of a mono or stereo track; surround gets three times as much.
        max_channels: 1 for mono, 2 for stereo, 6 to keep 5.1 surround where the source has it.
        max_tracks: How many of the source's tracks (languages) are kept, the default one first.
        loudness: Leave it out to keep the level of the source.
    """

    codec: Literal["aac"]
    bitrate_kbps: Annotated[int, Field(ge=32, le=256)]
    max_channels: Literal[1, 2, 6]
    max_tracks: Annotated[int, Field(ge=1, le=16)]
    sample_rate_hz: Literal[44_100, 48_000]
    loudness: LoudnessSettings | None = None


class DownloadSettings(Settings):
    """The single progressive file for players that know neither HLS nor DASH."""

    max_short_side_pixels: EvenPixels


class PosterSettings(Settings):
    """The still picture shown before playback."""

    max_long_side_pixels: EvenPixels
    quality: Annotated[int, Field(ge=1, le=10, description="JPEG quantiser; 1 is best")]


class SpriteSettings(Settings):
    """Small pictures at equal distances on one sheet, which players show while a viewer seeks.

    Attributes:
        interval_seconds: Distance of two pictures; on long videos it grows until `max_cells` suffice.
        columns: Pictures beside each other.
        max_cells: Pictures on the sheet.
        cell_long_side_pixels: Longer side of one picture.
    """

    interval_seconds: Annotated[int, Field(ge=1, le=60)]
    columns: Annotated[int, Field(ge=1, le=20)]
    max_cells: Annotated[int, Field(ge=4, le=400)]
    cell_long_side_pixels: Annotated[int, Field(ge=32, le=320, multiple_of=2)]
    quality: Annotated[int, Field(ge=1, le=20, description="JPEG quantiser; 1 is best")]


class SubtitleSettings(Settings):
    """The subtitles that the source carries as text; they become WebVTT."""

    max_tracks: Annotated[int, Field(ge=0, le=32)]


class VerificationSettings(Settings):
    """What the finished outputs are held to before anything is published; a miss fails the job.

    Attributes:
        decode: How much of each rendition is decoded: its `keyframes`, or `all` (about a sixth of the
            encoder's processor time more).
        sample_places: At how many places the renditions are compared with the source; 0 for none.
        sample_frames: Frames that are compared at each place.
        min_ssim: Least likeness with what the encoder was given, 0 to 1: as the encoder measures it over the
            whole, and in the compared samples. The default finds wrecks (a wrong, black or frozen picture is
            below 0.5), not merely hard content: grain at the peak rate stays above it.
        min_vmaf: Least VMAF of the samples, 0 to 100; measured where the installed ffmpeg can.
        max_black_share: Most of the video that may be black, 0 to 1; 1 only records it.
        max_frozen_share: Most of the video in which the picture may stand still; 1 only records it.
    """

    decode: Literal["keyframes", "all"] = "keyframes"
    sample_places: Annotated[int, Field(ge=0, le=20)] = 3
    sample_frames: Annotated[int, Field(ge=1, le=25)] = 4
    min_ssim: Annotated[float, Field(ge=0, le=1)] = 0.5
    min_vmaf: Annotated[float, Field(ge=0, le=100)] = 20.0
    max_black_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    max_frozen_share: Annotated[float, Field(ge=0, le=1)] = 1.0


class ProfileHeader(Settings):
    """What people read about a profile of any kind."""

    name: ProfileName
    title: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    description: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class LadderProfile(ProfileHeader):
    """A profile that encodes video.

    Attributes:
        kind: `video` makes a ladder with HLS and DASH, `file` one progressive MP4; both need a source with a
            picture, and both make a poster and the pictures for seeking.
        damage: Whether a cut or damaged source is refused, or made as far as it decodes.
    """

    kind: Literal["video", "file"]
    video: VideoSettings
    audio: AudioSettings
    subtitles: SubtitleSettings
    download: DownloadSettings
    poster: PosterSettings
    sprite: SpriteSettings
    verification: VerificationSettings = VerificationSettings()
    damage: Damage = "refuse"

    @model_validator(mode="after")
    def _one_rung_for_one_file(self) -> Self:
        if self.kind == "file" and len(self.video.rungs) != 1:
            message = (
                f"kind 'file' makes one file and has {len(self.video.rungs)} rungs; list the largest one only"
            )
            raise ValueError(message)
        return self
