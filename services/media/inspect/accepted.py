"""Writes the part of docs/profiles.md on what is accepted, from the lists in the code: `make docs`."""

import sys
from pathlib import Path
from typing import Final

from media.containers.formats import CONTAINERS
from media.inspect.codecs import AUDIO_GROUPS, TEXT_SUBTITLE_CODECS, VIDEO_GROUPS, CodecGroup
from media.tools.limits import GIBIBYTE, Limits

PAGE: Final = Path("docs/profiles.md")
BEGIN: Final = "<!-- Written by `make docs`: begin -->\n"
END: Final = "<!-- Written by `make docs`: end -->\n"
_HEAD: Final = """\
## What is accepted

`services/media` holds these lists, and ffmpeg is given them with every command: it opens no demuxer
and lets no packet reach a decoder that is not on them. `make docs` writes this part; a test fails when it
differs.

A track in another codec does not refuse a file: it is left out and named in a warning, as long as a picture
is left (for an `audio` profile: sound). ffprobe opens a decoder for such a track, because it gives no answer
otherwise; no packet of the track is ever decoded.
"""
_OUT: Final = """\
### What stays out, and why

| What | Why | What to do |
|---|---|---|
| playlists, manifests, SDP, concat scripts, and all other text | they name other files and addresses | upload the media themselves |
| MagicYUV, JPEG 2000, Snow, OpenEXR, TIFF and other series of pictures | rare in films, and memory errors are known of their decoders | export as ProRes, DNxHD, FFV1 or H.264 |
| codecs of games and animation tools (Bink, Smacker, RoQ, Flic, ...) | nobody but their games plays them | record or export the scene as MP4 |
| codecs that ffmpeg 5.1 has no decoder for (VVC, APV, xHE-AAC, AC-4, `apac`, `fpcm`) | cannot be decoded | export with H.264 or HEVC and AAC |
| NUT, FFM, SWF, WTV, GXF, NSV, raw PCM | pipes and devices, not files that people keep; raw PCM does not tell its rate | put it into Matroska, MP4 or WAV |
| ATRAC in OMA, TAK, OptimFROG, DSD | ffmpeg opens only part of them, or no browser's rate follows from them | export as FLAC or WAV |
| animated WebP | ffmpeg 5.1 has no decoder for it, and no other program here has one | export as MP4, animated GIF or animated PNG |
| sequences of HEIC and AVIF as video | their pictures have turns and layers that ffmpeg does not know; `image` takes the first | export as MP4 |
| HEIC of layers (`iovl`), or with parts in JPEG, H.264, VVC or no code at all | rare, and libheif 1.15 reads few of them | export as JPEG, PNG or HEIC |
| files that are encrypted | the key is not here | upload the file without protection |
"""  # noqa: E501  a table row cannot be wrapped


def render(page: str) -> str:
    """Give the whole page as it must be.

    Args:
        page: As it is, with the marks between which the part stands.

    Raises:
        ValueError: A mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"{PAGE} lacks one of the lines {BEGIN.strip()!r} and {END.strip()!r}; put them back"
        raise ValueError(message)
    return before + begin + _part() + end + after


def _part() -> str:
    return "\n".join(
        [
            _HEAD,
            "### Containers\n",
            "| Container | ffmpeg's demuxer | Who has such files |",
            "|---|---|---|",
            *(f"| {item.name} | `{', '.join(item.demuxers)}` | {item.reason} |" for item in CONTAINERS),
            "",
            *_codecs("Codecs of pictures", VIDEO_GROUPS),
            *_codecs("Codecs of sound", AUDIO_GROUPS),
            "Subtitles that are text are kept: " + ", ".join(sorted(TEXT_SUBTITLE_CODECS)) + ".\n",
            *_limits(),
            _OUT,
        ]
    )


def _codecs(title: str, groups: tuple[CodecGroup, ...]) -> list[str]:
    rows = [f"| {group.reason} | {', '.join(sorted(group.codecs))} |" for group in groups]
    return [f"### {title}\n", "| Who has them | Codecs, by ffprobe's names |", "|---|---|", *rows, ""]


def _limits() -> list[str]:
    limits = Limits()
    rows = (
        ("size of the file (`max_upload_bytes`)", f"{limits.max_source_bytes / GIBIBYTE:g} GiB"),
        ("length (`max_source_hours`)", f"{limits.max_duration_seconds / 3600:g} hours"),
        ("picture", f"{limits.max_pixels:,} pixels"),
        ("streams in one file", str(limits.max_streams)),
        ("reading the structure", f"{limits.probe_seconds:g} seconds"),
    )
    return [
        "### Limits\n",
        "| Of | At most, unless the operator changed it |",
        "|---|---|",
        *(f"| {name} | {most} |" for name, most in rows),
        "",
    ]


def main() -> int:
    """Write the page and say whether it changed."""
    before = PAGE.read_text(encoding="utf-8")
    text = render(before)
    PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {'written' if text != before else 'unchanged'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
