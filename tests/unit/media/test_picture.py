"""Quality and detections are read from the encoder's own log."""

import pytest

from media.encode.picture_facts import read_picture_facts
from media.plan.plan import make_plan
from tests.unit.media.test_plan import SOURCE, WEB

RUNGS = make_plan(SOURCE, WEB).rungs[:2]
LOG = """[info]     title : [libx264 @ 0x1] [info] SSIM Mean Y:0.1
[Parsed_blackdetect_11 @ 0x5] [info] black_start:0 black_end:3.04 black_duration:3.04
[Parsed_freezedetect_12 @ 0x6] [info] lavfi.freezedetect.freeze_start: 0
[Parsed_freezedetect_12 @ 0x6] [info] lavfi.freezedetect.freeze_duration: 3.04
[Parsed_freezedetect_12 @ 0x6] [info] lavfi.freezedetect.freeze_end: 3.04
[Parsed_freezedetect_12 @ 0x6] [info] lavfi.freezedetect.freeze_start: 8
[libx264 @ 0x7] [info] SSIM Mean Y:0.9736019 (15.784db)
[libx264 @ 0x8] [info] SSIM Mean Y:0.9693878 (15.141db)
"""


def test_each_rendition_gets_its_own_quality_and_the_sections_are_kept() -> None:
    facts = read_picture_facts(LOG, RUNGS, 10.0)

    assert facts.ssim == {"1080p": 0.9736019, "720p": 0.9693878}
    assert facts.black == ((0.0, 3.04),)
    assert facts.frozen == ((0.0, 3.04), (8.0, 10.0))
    assert facts.technical() == {"black": [[0.0, 3.04]], "frozen": [[0.0, 3.04], [8.0, 10.0]]}


def test_an_encoder_that_measures_nothing_has_no_quality() -> None:
    assert read_picture_facts("", RUNGS, 10.0).ssim == {}


def test_a_measurement_that_cannot_be_matched_to_its_rendition_is_an_error() -> None:
    with pytest.raises(ValueError, match="longer"):
        read_picture_facts(LOG, RUNGS[:1], 10.0)


def test_a_flickering_video_keeps_the_record_small() -> None:
    log = "[x @ 0x1] [info] black_start:1 black_end:2 black_duration:1\n" * 500

    assert len(read_picture_facts(log, RUNGS, 10.0).black) == 50
