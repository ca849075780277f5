"""Checks that a rendition says what its colours are, and that it says what they are."""

from media.headers.colours import Colours
from media.inspect.ffprobe import StreamDocument
from media.verify.error import fail


def check_labels(name: str, stream: StreamDocument, source: Colours | None) -> None:
    """Compare a rendition's labels with what the source's colours become.

    Raises:
        ProcessingFailedError: A label is missing, or is another one.
    """
    if source is None:
        return
    wanted = source.result
    expected = (wanted.matrix, wanted.primaries, wanted.transfer)
    found = (stream.color_space, stream.color_primaries, stream.color_transfer)
    if found != expected:
        fail(f"The colours of {name} are labelled {found} instead of {expected}.")
    if stream.color_range == "pc":
        fail(f"{name} has the full range, which not every player knows.")
