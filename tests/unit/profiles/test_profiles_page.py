"""The page about the profiles says what the files say."""

from pathlib import Path

from profiles import (
    AudioProfile,
    AudioSettings,
    ImageProfile,
    LadderProfile,
    Profile,
    ThumbnailsProfile,
    load_profiles,
)

PAGE = Path(__file__).parents[3] / "docs" / "profiles.md"


def _row(profile: Profile) -> str:
    return (
        f"| `{profile.name}` | {profile.kind} | {_picture(profile)} | {_sizes(profile)} | {_sound(profile)} |"
    )


def _picture(profile: Profile) -> str:
    match profile:
        case LadderProfile():
            return f"{profile.video.codec}, {profile.video.preset}, crf {profile.video.crf:g}"
        case AudioProfile():
            return "none"
        case ImageProfile():
            return " and ".join(profile.picture.formats)
        case ThumbnailsProfile():
            return f"{profile.thumbnails.count} JPEG pictures"
        case _:
            return "of the source"


def _sizes(profile: Profile) -> str:
    match profile:
        case LadderProfile():
            return " ".join(rung.name for rung in profile.video.rungs)
        case AudioProfile():
            return "-"
        case ImageProfile():
            return " ".join(str(size.max_long_side_pixels) for size in profile.picture.sizes)
        case ThumbnailsProfile():
            return str(profile.thumbnails.max_long_side_pixels)
        case _:
            return "of the source"


def _sound(profile: Profile) -> str:
    match profile:
        case LadderProfile():
            return _level(profile.audio)
        case AudioProfile():
            return f"{_level(profile.audio)}; opus {profile.opus.bitrate_kbps} kb/s"
        case ImageProfile() | ThumbnailsProfile():
            return "none"
        case _:
            return "of the source"


def _level(audio: AudioSettings) -> str:
    level = f", {audio.loudness.target_lufs:g} LUFS" if audio.loudness else ""
    return f"{audio.codec} {audio.bitrate_kbps} kb/s{level}"


def test_the_page_has_exactly_one_row_for_every_profile() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.count("|") == 6]

    expected = [_row(profile) for profile in load_profiles().values()]
    assert rows[2:] == expected, "write these rows into the first table of docs/profiles.md"
