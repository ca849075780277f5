"""What the first pictures of a source show once they are decoded: things that no header tells."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from media.inspect.ffprobe import StreamDocument, Whole
from media.inspect.refusals import explain
from media.tools import command
from media.tools.command import MediaInput
from media.tools.errors import ErrorCode, InvalidInputError, ToolFailedError
from media.tools.session import Session

_PACKETS: Final = 16
_CAPTIONS: Final = "ATSC A53 Part 4 Closed Captions"


class FirstFrame(BaseModel):
    """One decoded picture."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stream_index: Whole = 0
    interlaced_frame: Whole = 0
    top_field_first: Whole = 0
    side_data_list: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def captions(self) -> bool:
        """Whether captions for television lie in it."""
        return any(data.get("side_data_type") == _CAPTIONS for data in self.side_data_list)


class FirstFrames(BaseModel):
    """The streams of video as their decoders describe them, and their first pictures."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    streams: list[StreamDocument] = Field(default_factory=list)
    frames: list[FirstFrame] = Field(default_factory=list)

    def stream(self, index: int) -> StreamDocument:
        """The stream with this index; an empty one where it is missing."""
        return next((item for item in self.streams if item.index == index), StreamDocument(index=index))

    def of(self, index: int) -> list[FirstFrame]:
        """The first pictures of a stream, in the order in which they are shown."""
        return [frame for frame in self.frames if frame.stream_index == index]


def read_first_frames(session: Session, media: MediaInput) -> FirstFrames:
    """Decode the first pictures of a source.

    Raises:
        InvalidInputError: They cannot be read.
        LimitExceededError: That takes too long.
    """
    try:
        completed = session.inspect(command.probe_first_frames(media, session.limits, packets=_PACKETS))
        return FirstFrames.model_validate_json(completed.stdout)
    except ToolFailedError as error:
        raise explain(error, session.limits) from error
    except ValidationError as error:
        raise InvalidInputError(
            ErrorCode.INPUT_UNREADABLE,
            "The description of the first pictures cannot be understood.",
            "Export the video again as MP4 and upload the new file.",
        ) from error
