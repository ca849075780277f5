"""Subtitles of strangers become plain WebVTT, or are refused with words that help."""

import pytest

from metadata_api.playback.subtitle_text import MAX_CUES, SubtitleTextError, clean_subtitles

SRT = """1\r
00:00:02,000 --> 00:00:03,500\r
Second <font color="red">line</font>\r
with {\\an8}two rows & more\r
\r
2\r
00:00:00,500 --> 00:00:01,000\r
- First <i>one</i>\r
"""


def test_subrip_becomes_webvtt_in_the_order_of_time() -> None:
    clean = clean_subtitles("\ufeff" + SRT)

    assert clean.webvtt == (
        "WEBVTT\n\n"
        "00:00:00.500 --> 00:00:01.000\n- First <i>one</i>\n\n"
        "00:00:02.000 --> 00:00:03.500\nSecond line\nwith two rows &amp; more\n"
    )
    assert (clean.cues, clean.ends_seconds) == (2, 3.5)


def test_webvtt_keeps_places_and_loses_styles_comments_and_voices() -> None:
    text = (
        "WEBVTT - a file\n\nSTYLE\n::cue { background: url(https://spy.example/x) }\n\nNOTE\na note\n\n"
        "REGION\nid:fred\n\nintro\n01:00.000 --> 01:02.000 line:-1 align:start region:fred evil:1\n"
        "<v Roger>Hello &amp; <c.loud>good</c> <b>day\n"
    )

    assert clean_subtitles(text).webvtt == (
        "WEBVTT\n\n00:01:00.000 --> 00:01:02.000 line:-1 align:start\nHello &amp; good <b>day</b>\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<<b>script>alert(1)",
        '<i onclick="x()">hello</i>',
        "</b></i><u>",
        "a &#13;&#10;&#10;00:00:09.000 --&gt; 00:00:10.000&#10;injected",
        "--> 00:00:01.000",
        "&#0;&#1;&#x1b;[31m",
    ],
)
def test_nothing_that_a_browser_would_obey_is_left(words: str) -> None:
    try:
        webvtt = clean_subtitles(f"1\n00:00:01,000 --> 00:00:02,000\nHello {words}\n").webvtt
    except SubtitleTextError:
        return
    body = webvtt.split("\n", 3)[3]
    for kept in ("<i>", "</i>", "<b>", "</b>", "<u>", "</u>"):
        body = body.replace(kept, "")
    assert not set(body) & set("<>\r\0\x1b")
    assert webvtt.count("-->") == 1
    assert "\n\n" not in body


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no subtitle with a time"),
        ("WEBVTT\n", "no subtitle with a time"),
        ("just prose\n\nand more\n", "no subtitle with a time"),
        ("1\n00:00:02,000 --> 00:00:01,000\nbackwards\n", "no subtitle with a time"),
        ("1\n00:00:01,000 --> 00:00:02,000\n<c></c>\n", "no subtitle with a time"),
        ("1\n00:00:01,000 --> 00:00:02,000\n\0\n", "bytes that are no text"),
        ("1\n00:00:01,000 --> 00:00:02,000\ncaf\ufffd\n", "save the file as UTF-8"),
        ("1\n00:00:01,000 --> 00:00:02,000\n\ud800\n", "bytes that are no text"),
        ("1\n00:00:01,000 --> 00:00:02,000\n" + "x" * 3000, "3000 characters; at most 2000"),
        ("x" * 1_048_577, "at most 1048576 are accepted"),
        ("1\n00:00:01,000 --> 00:00:02,000\nx\n\n" * (MAX_CUES + 1), "at most 20000 are accepted"),
        ("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "no subtitle with a time"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(SubtitleTextError, match=words):
        clean_subtitles(text)


@pytest.mark.parametrize(
    "text", ["\n" * 1_000_000, " " * 1_000_000, "<" * 1_000_000, "1\n" + "00:00:01,000 -->" * 50_000]
)
def test_text_made_to_be_slow_is_refused_like_any_other(text: str) -> None:
    with pytest.raises(SubtitleTextError):
        clean_subtitles(text)
