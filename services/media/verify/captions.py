"""Checks that manifests name the captions in the picture, and none that are not there."""

import re
from typing import Final

from media.package.captions import caption_channels
from media.package.package import Packaged
from media.verify.error import fail

_IN_HLS: Final = re.compile(r'TYPE=CLOSED-CAPTIONS.*INSTREAM-ID="([^"]+)"')
_IN_DASH: Final = re.compile(r'schemeIdUri="urn:scte:dash:cc:cea-[67]08:2015" value="([^"=]+)')


def check_captions(packaged: Packaged) -> None:
    """Compare the channels in the bytes of the largest rendition with those in both manifests.

    Raises:
        ProcessingFailedError: They are not the same.
    """
    there = set(caption_channels(next(iter(packaged.renditions.values()))))
    for path, naming in ((packaged.hls, _IN_HLS), (packaged.dash, _IN_DASH)):
        named = set(naming.findall(path.read_text(encoding="utf-8")))
        if named != there:
            fail(f"{path.name} names the captions {sorted(named)}; the picture has {sorted(there)}.")
