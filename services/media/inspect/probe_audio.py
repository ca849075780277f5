"""What is inside a source whose sound alone is wanted; a picture beside it is not looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from media.containers.formats import Container
from media.inspect.chosen_tracks import Chosen
from media.inspect.describe import Described
from media.inspect.packets import PacketTimes
from media.inspect.probe import AudioStream, audio_stream
from media.inspect.technical import stream_facts
from media.tools.command import MediaInput


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSource:
    """A source with sound that passed all checks.

    Attributes:
        media: The file with the only demuxers and decoders that may open it.
        container: Its format.
        duration_seconds: Of the longest track; as the container declares it where the packets could not be
            measured, and None when it does not.
        audios: All tracks of sound, the one that players choose by themselves first.
        start_microseconds: Time in the file at which its first stream begins; it counts as zero.
        streams: Every stream as ffprobe describes it, for people.
        times: What the packets of every stream say; None where they could not be measured.
    """

    media: MediaInput
    container: Container
    size_bytes: int
    duration_seconds: float | None
    bitrate_kbps: int | None
    audios: tuple[AudioStream, ...]
    start_microseconds: int = 0
    streams: tuple[Mapping[str, Any], ...] = ()
    times: PacketTimes | None = None

    @property
    def declared_seconds(self) -> float | None:
        """Length of the sound where the file states it reliably; a video may be longer than its sound."""
        if not self.container.declares_duration:
            return None
        tracks = [audio.duration_seconds for audio in self.audios if audio.duration_seconds]
        return max(tracks, default=self.duration_seconds)

    def technical(self) -> dict[str, Any]:
        """The facts that go on the video's record."""
        return {
            "container": self.container.name,
            "size_bytes": self.size_bytes,
            "duration_seconds": self.duration_seconds,
            "bitrate_kbps": self.bitrate_kbps,
            "audio": self.audios[0].technical(),
            "audio_tracks": [audio.technical() for audio in self.audios],
            "streams": [dict(stream) for stream in self.streams],
        }


def sound_of(described: Described, chosen: Chosen) -> AudioSource:
    """The chosen tracks of a file, as far as its headers tell of them."""
    document = described.document
    return AudioSource(
        media=described.media,
        container=described.container,
        size_bytes=described.media.path.stat().st_size,
        duration_seconds=chosen.duration_seconds(document),
        bitrate_kbps=document.bitrate_kbps,
        audios=tuple(audio_stream(stream) for stream in chosen.audios),
        start_microseconds=document.start_microseconds,
        streams=tuple(stream_facts(document)),
    )
