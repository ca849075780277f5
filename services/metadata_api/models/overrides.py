"""What one job may ask for beyond its profile, as callers write it."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from metadata_api.models.fields import BucketName, ObjectKey
from metadata_api.models.records import RequestModel

MAX_SECONDS: Final = 86_400.0
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS)]


class SourceLocation(RequestModel):
    """An object that is already in a bucket this platform may read."""

    bucket: BucketName = Field(description="The ingest bucket.")
    key: ObjectKey


class TrimBody(RequestModel):
    """The part of the source that is wanted; its ends are moved to the nearest frames."""

    start_seconds: Seconds = Field(default=0.0, description="From the source's beginning.")
    end_seconds: Seconds | None = Field(default=None, description="The source's end when absent.")

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.end_seconds is not None and self.end_seconds <= self.start_seconds:
            message = f"end_seconds {self.end_seconds:g} must be above start_seconds {self.start_seconds:g}"
            raise ValueError(message)
        return self


class WatermarkBody(RequestModel):
    """A JPEG, PNG, WebP or GIF picture of at most 10 MiB and 4096 x 4096 pixels, laid over every frame."""

    source: SourceLocation
    position: Literal["top-left", "top-right", "bottom-left", "bottom-right", "center"] = "bottom-right"
    opacity: float = Field(default=1.0, ge=0.05, le=1, description="1 covers the video.")
    width_percent: float = Field(default=15.0, ge=1, le=100, description="Of the video's width.")
