"""Small pictures are made as far as encoders can, and measured as far as the measurements are defined."""

import pytest

from media.encode.picture_facts import read_picture_facts
from media.plan.rungs import PlannedRung, encodable, has_ssim, has_vmaf, unmeasured
from media.tools.errors import ErrorCode, InvalidInputError


def _rung(width: int, height: int) -> PlannedRung:
    return PlannedRung(name=f"{width}x{height}", width=width, height=height, max_bitrate_kbps=100)


def test_ribbons_below_the_largest_are_not_made() -> None:
    rungs = [_rung(1920, 16), _rung(1280, 10), _rung(640, 6)]

    assert encodable(rungs, "h264") == (rungs[0],)


def test_each_codec_has_its_own_smallest_rendition() -> None:
    rungs = [_rung(1920, 120), _rung(1280, 80), _rung(640, 40)]

    assert encodable(rungs, "hevc") == tuple(rungs)
    assert encodable(rungs, "av1") == tuple(rungs[:2])


@pytest.mark.parametrize(("codec", "size"), [("hevc", (34, 34)), ("hevc", (64, 8)), ("av1", (320, 62))])
def test_a_picture_that_the_encoder_cannot_hold_is_refused_by_its_size(
    codec: str, size: tuple[int, int]
) -> None:
    with pytest.raises(InvalidInputError, match=f"{size[0]} x {size[1]}") as caught:
        encodable([_rung(*size)], codec)

    assert caught.value.code is ErrorCode.PICTURE_TOO_SMALL


def test_what_cannot_be_measured_is_said_once() -> None:
    assert unmeasured([_rung(320, 32)]) == ()
    assert (has_ssim(_rung(320, 14)), has_vmaf(_rung(320, 30))) == (False, False)
    (warning,) = unmeasured([_rung(320, 180), _rung(28, 16)])
    assert (warning.facts["sizes"], warning.facts["missing"]) == ("28 x 16", "VMAF")
    (warning,) = unmeasured([_rung(28, 2)])
    assert warning.facts["missing"] == "SSIM and VMAF"


def test_a_likeness_that_is_no_number_is_left_out_and_the_others_keep_their_renditions() -> None:
    notes = "\n".join(
        f"[libx264 @ 0x1] [info] SSIM Mean Y:{value} (12.0db)" for value in ("0.9912", "-nan", "0.0000")
    )

    facts = read_picture_facts(notes, [_rung(64, 64), _rung(32, 8), _rung(8, 8)], 1.0)

    assert facts.ssim == {"64x64": 0.9912}
