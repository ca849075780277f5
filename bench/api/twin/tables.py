"""The rows that the twin reads and writes, as SQLAlchemy maps them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Computed, ForeignKey, Text, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB, TIMESTAMP, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column


class Base(DeclarativeBase):
    """Columns by the types of their annotations."""

    type_annotation_map: ClassVar = {
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        str: Text,
    }


class Video(Base):
    """A video and what is known about it."""

    __tablename__ = "videos"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    client: Mapped[str] = mapped_column(default="default")
    title: Mapped[str]
    description: Mapped[str]
    tags: Mapped[list[str]]
    language: Mapped[str | None]
    attributes: Mapped[dict[str, Any]]
    technical: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    state: Mapped[str] = mapped_column(server_default="CREATED")
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    latest_job_id: Mapped[UUID | None]
    current_job_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(""), deferred=True)


class Job(Base):
    """A job and how far it is."""

    __tablename__ = "jobs"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    video_id: Mapped[UUID] = mapped_column(ForeignKey("videos.id"))
    owner: Mapped[str] = mapped_column(default="default")
    status: Mapped[str]
    stage: Mapped[str | None]
    priority: Mapped[int]
    profile: Mapped[str]
    filename: Mapped[str]
    content_type: Mapped[str | None]
    declared_size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    source_bucket: Mapped[str]
    source_key: Mapped[str]
    source_identity: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default="1")
    stage_seconds: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    uploaded_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


# As in our record: what was odd about the source of its current job.
Video.warnings = column_property(
    func.coalesce(
        select(Job.warnings)
        .where(Job.id == Video.current_job_id)
        .correlate(Video.__table__)
        .scalar_subquery(),
        func.jsonb_build_array(),
    )
)


class Event(Base):
    """Something that happened to a job."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))
    attempt: Mapped[int]
    fence: Mapped[int]
    type: Mapped[str]
    actor: Mapped[dict[str, Any] | None]
    data: Mapped[dict[str, Any]]
