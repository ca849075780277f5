"""Profiles are data: right ones load, and every kind of mistake is refused with words that help."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from profiles import (
    LadderProfile,
    ProfileError,
    UnknownProfileError,
    get_profile,
    load_profiles,
)
from profiles.loader import PROFILES_DIRECTORY


def _write_changed(directory: Path, change: dict[str, Any], *, name: str = "web") -> Path:
    """Write the profile of that name, or else web, with some values replaced; keys are dotted paths."""
    document = yaml.safe_load(
        (PROFILES_DIRECTORY / f"{name if name == 'image' else 'web'}.yaml").read_text(encoding="utf-8")
    )
    for path, value in change.items():
        *parents, last = path.split(".")
        target = document
        for key in parents:
            target = target[int(key)] if key.isdigit() else target[key]
        target[last] = value
    (directory / f"{name}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return directory


def test_every_shipped_profile_is_valid_and_named_like_its_file() -> None:
    profiles = load_profiles()

    assert "web" in profiles
    assert all(profile.name == name for name, profile in profiles.items())


def test_the_web_profile_makes_the_four_rungs_that_the_platform_promises() -> None:
    web = get_profile("web")

    assert isinstance(web, LadderProfile)
    assert [rung.name for rung in web.video.rungs] == ["1080p", "720p", "480p", "360p"]


def test_an_unknown_profile_name_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(UnknownProfileError, match=r"'cinema' does not exist; choose one of: .*web"):
        get_profile("cinema")


def test_profiles_cannot_be_changed_after_loading() -> None:
    with pytest.raises(TypeError):
        load_profiles()["web"] = get_profile("web")  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"video.prest": "fast"}, r"video\.prest"),
        ({"video.preset": "placebo"}, r"video\.preset"),
        ({"video.crf": 99}, r"video\.crf.*less than or equal to 60"),
        ({"video.crf": "23"}, r"video\.crf"),
        ({"video.codec": "vp8"}, r"video\.codec"),
        ({"video.codec": "av1"}, "use a number from 4 to 13 for av1"),
        ({"video.preset": 8}, "'medium' for h264 and hevc"),
        ({"video.codec": "av1", "video.preset": 8, "video.crf": 30.5}, "use a whole number"),
        ({"video.rungs.0.short_side_pixels": 1079}, r"multiple of 2"),
        ({"video.rungs.0.name": "1080p/../x"}, r"video\.rungs\.0\.name"),
        ({"video.rungs.1.short_side_pixels": 1080}, "720p: long_side|not smaller than 1080p"),
        ({"video.rungs.1.max_bitrate_kbps": 9000}, "720p may use as much as 1080p"),
        ({"video.rungs.3.name": "480p"}, "same name"),
        ({"video.rungs.0.long_side_pixels": 720}, "swap the two values"),
        ({"video.segment_seconds": 1.0}, "at least one group of pictures"),
        ({"video.rungs": []}, r"video\.rungs"),
        ({"kind": "audio"}, "video: Extra inputs"),
        ({"kind": "cinema"}, "does not match any of the expected tags"),
        ({"kind": "file"}, "makes one file and has 4 rungs"),
        ({"audio.max_channels": 5}, r"audio\.max_channels"),
        ({"poster.quality": 0}, r"poster\.quality"),
        ({"damage": "repair"}, "damage"),
        ({"name": "other"}, "rename the file or the profile"),
    ],
)
def test_a_broken_profile_is_refused_with_the_place_and_the_rule(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProfileError, match=words):
        load_profiles(_write_changed(tmp_path, change))


def test_a_profile_may_keep_what_is_damaged_and_refuses_it_without_a_word(tmp_path: Path) -> None:
    kept = load_profiles(_write_changed(tmp_path, {"damage": "keep"}))["web"]

    assert isinstance(kept, LadderProfile)
    assert kept.damage == "keep"
    assert {getattr(profile, "damage", "refuse") for profile in load_profiles().values()} == {"refuse"}


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("kind: video\nname: web\n", encoding="utf-8")

    with pytest.raises(ProfileError, match=r"title: Field required"):
        load_profiles(tmp_path)


@pytest.mark.parametrize("text", ["a: [1", "just words", "- 1\n- 2\n", ""])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "web.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ProfileError, match=r"web\.yaml"):
        load_profiles(tmp_path)


def test_a_directory_without_profiles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="at least one is needed"):
        load_profiles(tmp_path)


def test_a_file_dropped_beside_the_others_is_a_profile_without_any_code(tmp_path: Path) -> None:
    _write_changed(tmp_path, {"name": "web-small", "video.rungs.0.max_bitrate_kbps": 4000}, name="web-small")

    dropped = load_profiles(tmp_path)["web-small"]
    assert isinstance(dropped, LadderProfile)
    assert dropped.video.rungs[0].max_bitrate_kbps == 4000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"picture.formats": ["webp", "webp"]}, "must be unique"),
        ({"picture.formats": ["bmp"]}, r"picture\.formats"),
        ({"picture.sizes": [{"name": "a", "max_long_side_pixels": 99}] * 2}, "must be unique"),
        (
            {
                "picture.sizes": [
                    {"name": "a", "max_long_side_pixels": 99},
                    {"name": "b", "max_long_side_pixels": 100},
                ]
            },
            "from large to small",
        ),
        ({"picture.sizes.0.name": "../x"}, r"picture\.sizes\.0\.name"),
        ({"picture.max_source_pixels": 10**9}, r"picture\.max_source_pixels"),
        ({"video": {}}, "video: Extra inputs"),
    ],
)
def test_a_broken_image_profile_is_refused_with_the_place_and_the_rule(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProfileError, match=words):
        load_profiles(_write_changed(tmp_path, change, name="image"))


def test_a_file_dropped_into_the_package_is_known_to_the_api_and_the_processor(tmp_path: Path) -> None:
    """The services as they are deployed, plus one file."""
    package = tmp_path / "profiles"
    shutil.copytree(PROFILES_DIRECTORY, package, ignore=shutil.ignore_patterns("__pycache__"))
    _write_changed(package, {"name": "web-small"}, name="web-small")
    asked = (
        "import json; from profiles import get_profile;"
        "from metadata_api.routes.system import list_profiles;"
        "names = [item['name'] for item in json.loads(list_profiles(None).body)['items']];"
        "print('web-small' in names, get_profile('web-small').title)"
    )

    told = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{PROFILES_DIRECTORY.parent}"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert told == "True Web streaming\n"
