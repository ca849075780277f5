"""Every bad source is refused with its own stable code, soon, and without a file that could be published."""

import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from media.tools.errors import ErrorCode, InvalidInputError, LimitExceededError, MediaError
from media.tools.limits import Limits
from tests import media
from tests.integration.media.conftest import Produce

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("maker", "code"),
    [
        (media.make_empty, ErrorCode.INPUT_EMPTY),
        (media.make_text, ErrorCode.INPUT_NOT_MEDIA),
        (media.make_noise, ErrorCode.INPUT_NOT_MEDIA),
        (media.make_hls_playlist, ErrorCode.INPUT_NOT_MEDIA),
        (media.make_truncated_index_last, ErrorCode.INPUT_TRUNCATED),
        (media.make_truncated_index_first, ErrorCode.INPUT_TRUNCATED),
        (media.make_truncated_matroska, ErrorCode.INPUT_TRUNCATED),
        (media.make_hollow_matroska, ErrorCode.INPUT_TRUNCATED),
        (media.make_audio_only, ErrorCode.INPUT_NO_VIDEO),
        (media.make_mp3_with_cover, ErrorCode.INPUT_NO_VIDEO),
        (media.make_refused_codec, ErrorCode.CODEC_NOT_ALLOWED),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_source_that_its_uploader_must_replace_is_invalid_input(
    make: Produce, tmp_path: Path, maker: Callable[[Path], Path], code: ErrorCode
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make(maker(tmp_path))

    assert caught.value.code is code
    assert caught.value.message.endswith(".")
    assert caught.value.remedy
    assert str(tmp_path) not in caught.value.message
    assert not (tmp_path / "work" / "output").exists()


@pytest.mark.parametrize(
    "maker",
    [media.make_many_streams, media.make_endless],
    ids=lambda value: value.__name__,
)
def test_a_source_that_costs_too_much_is_refused_before_it_is_decoded(
    make: Produce, tmp_path: Path, maker: Callable[[Path], Path]
) -> None:
    source = maker(tmp_path)
    with pytest.raises(LimitExceededError) as caught:
        make(source)

    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED
    assert "allowed" in caught.value.message


def test_a_huge_picture_is_refused_within_little_processor_time(make: Produce, tmp_path: Path) -> None:
    source = media.make_huge_picture(tmp_path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(LimitExceededError) as caught:
        make(source)

    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 2.0


def test_a_source_longer_than_allowed_is_refused_with_both_lengths(make: Produce, tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError, match="at most 2 are allowed"):
        make(media.BUNNY, limits=Limits(max_duration_seconds=2.0))


def test_work_over_its_time_budget_is_stopped_and_called_a_limit(make: Produce, tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError, match="Processing needs more than the allowed"):
        make(media.BUNNY, limits=Limits(work_seconds=0.6))


def test_a_file_that_lies_about_being_mp4_is_unreadable(make: Produce, tmp_path: Path) -> None:
    source = tmp_path / "lie.mp4"
    source.write_bytes(b"\0\0\0\x10ftypisom\0\0\2\0" + b"\0\0\0\x10moov" + b"\0" * 8)

    with pytest.raises(MediaError) as caught:
        make(source)
    assert caught.value.code in {ErrorCode.INPUT_UNREADABLE, ErrorCode.INPUT_NO_VIDEO}


def test_a_playlist_hidden_in_a_known_container_opens_no_other_file(make: Produce, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.mkv"
    hidden.write_bytes(b"\x1a\x45\xdf\xa3" + b"\0" * 8 + media.make_hls_playlist(tmp_path).read_bytes())

    with pytest.raises(InvalidInputError) as caught:
        make(hidden)
    assert caught.value.code is ErrorCode.INPUT_UNREADABLE
