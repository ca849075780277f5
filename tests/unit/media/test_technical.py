"""The summary of a source on the video's record."""

from media.inspect.ffprobe import ProbeDocument
from media.inspect.technical import stream_facts


def _facts(**stream: object) -> dict[str, object]:
    return stream_facts(ProbeDocument.model_validate({"streams": [stream]}))[0]


def test_a_picture_is_described_with_its_colours_and_exact_rates() -> None:
    facts = _facts(
        index=0,
        codec_type="video",
        codec_name="hevc",
        profile="Main 10",
        level=93,
        width=640,
        height=360,
        pix_fmt="yuv420p10le",
        bits_per_raw_sample="10",
        color_transfer="smpte2084",
        color_primaries="bt2020",
        r_frame_rate="30000/1001",
        avg_frame_rate="30000/1001",
        bit_rate="1234567",
        start_time="0.040000",
    )

    assert facts == {
        "index": 0,
        "kind": "video",
        "codec": "hevc",
        "profile": "Main 10",
        "level": 93,
        "bitrate_kbps": 1235,
        "start_seconds": 0.04,
        "width": 640,
        "height": 360,
        "pixel_aspect": "1",
        "rotation": 0,
        "nominal_frame_rate": "30000/1001",
        "average_frame_rate": "30000/1001",
        "pixel_format": "yuv420p10le",
        "bit_depth": 10,
        "color_transfer": "smpte2084",
        "color_primaries": "bt2020",
    }


def test_sound_is_described_without_what_only_pictures_have() -> None:
    facts = _facts(index=1, codec_type="audio", codec_name="aac", channels=6, channel_layout="5.1")

    assert facts == {"index": 1, "kind": "audio", "codec": "aac", "channels": 6, "channel_layout": "5.1"}


def test_no_free_text_of_the_source_is_on_the_record() -> None:
    tags = {"title": "private", "handler_name": "somebody", "language": "eng"}

    assert "private" not in str(_facts(codec_type="audio", tags=tags))
    assert _facts(codec_type="audio", tags=tags)["language"] == "eng"
