"""Subtitles keep their words, and only what is shown while the video plays."""

from media.encode.subtitles import fit_cues

TRACK = """WEBVTT

00:00.500 --> 00:02.000
Hello <i>there</i>

NOTE not a cue

00:03.000 --> 10:00.000 align:start
Two
lines

01:00:00.000 --> 01:00:01.000
Too late

00:02.000 --> 00:02.500

"""


def test_cues_are_cut_at_the_end_of_the_video_and_late_and_empty_ones_left_out() -> None:
    text, cues = fit_cues(TRACK, 5.28)

    assert cues == 2
    assert text == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nHello <i>there</i>\n\n"
        "00:00:03.000 --> 00:00:05.280 align:start\nTwo\nlines\n"
    )


def test_what_was_fitted_once_stays_as_it_is() -> None:
    text, _ = fit_cues(TRACK, 5.28)

    assert fit_cues(text, 5.28) == (text, 2)


def test_a_track_without_a_usable_cue_says_so() -> None:
    assert fit_cues("WEBVTT\n\n", 5.0) == ("WEBVTT\n", 0)
