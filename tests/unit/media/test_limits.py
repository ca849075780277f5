"""What a tool may write follows what a source may be."""

import pytest

from media.tools.limits import GIBIBYTE, Limits
from tests.ladders import ladder


@pytest.mark.parametrize("hours", [1, 12, 24])
@pytest.mark.parametrize("name", ["web", "web-hevc", "web-av1"])
def test_the_longest_rendition_at_its_peak_rate_is_no_larger_than_a_tool_may_write(
    name: str, hours: int
) -> None:
    video = ladder(name).video
    peak_kbps = max(rung.max_bitrate_kbps for rung in video.rungs) * video.high_frame_rate_factor
    limits = Limits(max_duration_seconds=hours * 3600.0)

    assert limits.max_output_bytes >= hours * 3600 * peak_kbps * 1000 / 8


def test_a_large_source_may_be_written_twice_however_short_it_may_be() -> None:
    limits = Limits(max_source_bytes=100 * GIBIBYTE, max_duration_seconds=3600.0)

    assert limits.max_output_bytes == 200 * GIBIBYTE
