"""The page about the profiles says what the files say."""

from pathlib import Path

from profiles import Profile, load_profiles

PAGE = Path(__file__).parents[3] / "docs" / "profiles.md"


def _row(profile: Profile) -> str:
    video, audio = profile.video, profile.audio
    sizes = " ".join(rung.name for rung in video.rungs)
    level = f", {audio.loudness.target_lufs:g} LUFS" if audio.loudness else ""
    return (
        f"| `{profile.name}` | {profile.kind} | {video.codec}, {video.preset}, crf {video.crf:g} "
        f"| {sizes} | {audio.codec} {audio.bitrate_kbps} kb/s{level} |"
    )


def test_the_page_has_exactly_one_row_for_every_profile() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.count("|") == 6]

    expected = [_row(profile) for profile in load_profiles().values()]
    assert rows[2:] == expected, "write these rows into the first table of docs/profiles.md"
