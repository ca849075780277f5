"""Where each deployed part stands on its page and how each arrow runs: laid out by hand, as data."""

from dataclasses import dataclass
from typing import Final

from tools.architecture.connections import CLIENT, ENDPOINTS, SUBSCRIBERS
from tools.architecture.drawing import Frame, Kind, Point

PAGE_HEIGHT: Final = 1038
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """One box: the parts that it stands for, and what it says.

    Attributes:
        key: Its name in this file.
        title: What it is called.
        kind: What it is.
        x: Left and right border.
        y: Upper and lower border.
        members: Logical names of resources. A box with a function says what the program says of that.
        text: What a box without a function says.
        elsewhere: What it says for a part that only prod has, by logical name.
    """

    key: str
    title: str
    kind: Kind
    x: Span
    y: Span
    members: tuple[str, ...] = ()
    text: str = ""
    elsewhere: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """One arrow between boxes or frames.

    Attributes:
        source: Box or frame at its tail.
        target: Box or frame at its head.
        way: Where it runs straight: x if up or down, y if across; or all of its points.
        words_at: Where its words begin; an arrow that says nothing new has none.
        anchor: Which end of the words stands there.
        limit_px: Widest line of its words.
        event: Whether it wakes its target; such an arrow is dashed.
    """

    source: str
    target: str
    way: int | tuple[Point, ...]
    words_at: Point | None = None
    anchor: str = "start"
    limit_px: int = 80
    event: bool = False


_A, _B, _C, _D, _E, _F = (16, 124), (150, 276), (300, 426), (478, 590), (618, 734), (762, 866)
_TOP, _UPPER, _LOWER, _BOTH = (38, 92), (160, 288), (328, 444), (160, 444)
_MACHINE, _BELOW, _LAST = (502, 564), (620, 742), (798, 868)

S3: Final = Frame(
    key="s3", title="S3 (clients use signed URLs)", kind=Kind.STORE, left=246, top=12, width=642, height=90
)
FRAME_MEMBERS: Final = {"s3": ("media-bucket", "ingest-bucket")}
LEDGER: Final = "ledger"

PLACES: Final = (
    Place(CLIENT, "Client", Kind.OUTSIDE, _A, _TOP, text="a program with an API key"),
    Place(
        "gateway",
        "API Gateway",
        Kind.EDGE,
        _A,
        _UPPER,
        ("api-rest", "web-firewall-acl"),
        "checks keys, quotas and rates",
        (("web-firewall-acl", "In prod: behind a web firewall"),),
    ),
    Place("health", "", Kind.FUNCTION, _A, (328, 380), ("api-health-function",)),
    Place("api", "", Kind.FUNCTION, _B, _BOTH, ("api-metadata-function",)),
    Place("cache", "Redis", Kind.STORE, _C, _UPPER, ("cache-group",), "live progress of jobs"),
    Place(
        "outcome",
        "",
        Kind.FUNCTION,
        _C,
        _LOWER,
        ("workflow-outcome-function", "workflow-dead-letters"),
    ),
    Place(
        "task",
        "Fargate task",
        Kind.WORK,
        _D,
        _BOTH,
        ("task-definition", "processing-cluster", "processing-repository"),
        "python -m processor: does one step of a job with ffmpeg; its image comes from ECR",
    ),
    Place("order", "", Kind.FUNCTION, _A, (392, 444), ("workflow-order-function",)),
    Place("sweep", "", Kind.FUNCTION, _E, _UPPER, ("sweep-sweep-function",)),
    Place(
        "files",
        "EFS",
        Kind.STORE,
        _E,
        _LOWER,
        ("storage-efs",),
        "chunks of long jobs, until they are assembled",
    ),
    Place(
        "ingest-queue",
        "Ingest queue",
        Kind.MESSAGES,
        _F,
        _UPPER,
        ("ingest-queue", "ingest-dead-letters"),
        "one message per object that arrived",
    ),
    Place("ingest", "", Kind.FUNCTION, _F, _LOWER, ("ingest-ingest-function",)),
    Place(
        "media-bucket",
        "Media bucket",
        Kind.STORE,
        (300, 590),
        _TOP,
        ("storage-media-bucket",),
        "verified outputs, under videos/",
    ),
    Place(
        "ingest-bucket",
        "Ingest bucket",
        Kind.STORE,
        (618, 878),
        _TOP,
        ("storage-ingest-bucket", "storage-logs-bucket"),
        "sources, uploaded or dropped; accesses to both buckets are logged in a third",
    ),
    Place(
        "machine",
        "State machine (Step Functions)",
        Kind.WORK,
        (16, 866),
        _MACHINE,
        ("workflow-machine",),
    ),
    Place(ENDPOINTS, "Endpoints", Kind.OUTSIDE, _A, _BELOW, text="of webhooks, on other people's servers"),
    Place("sender", "", Kind.FUNCTION, _B, _BELOW, ("webhooks-sender-function",)),
    Place(
        "calls-queue",
        "Webhook calls",
        Kind.MESSAGES,
        _C,
        (620, 676),
        ("webhooks-calls-queue", "webhooks-calls-dead-letters"),
        "queue",
    ),
    Place(
        "reports-queue",
        "Webhook reports",
        Kind.MESSAGES,
        _C,
        (686, 742),
        ("webhooks-reports-queue", "webhooks-reports-dead-letters"),
        "queue",
    ),
    Place("webhooks", "", Kind.FUNCTION, _D, _BELOW, ("webhooks-dispatch-function",)),
    Place("maintain", "", Kind.FUNCTION, _E, _BELOW, ("ingest-maintain-function",)),
    Place(
        "topics",
        "SNS topics",
        Kind.MESSAGES,
        _F,
        _BELOW,
        ("notifications-completion", "notifications-error", "notifications-dead-letters"),
        "completion and error",
    ),
    Place("key-maker", "", Kind.FUNCTION, (16, 276), (884, 954), ("keys-maker-function",)),
    Place("migrate", "", Kind.FUNCTION, (16, 276), _LAST, ("migrations-migrate-function",)),
    Place(
        LEDGER,
        "PostgreSQL (RDS): the ledger",
        Kind.STORE,
        (302, 734),
        _LAST,
        ("database-instance", "database-proxy-proxy"),
        "what is true of jobs and videos; every box with this mark speaks SQL with it",
        (("database-proxy-proxy", "In prod: the functions, but not the tasks, go through RDS Proxy"),),
    ),
    Place(SUBSCRIBERS, "Subscribers", Kind.OUTSIDE, _F, _LAST, text="people and programs"),
)

WIRES: Final = (
    Wire(CLIENT, "gateway", 70, (76, 126)),
    Wire(CLIENT, "s3", 65, (185, 45), "middle", 64),
    Wire("gateway", "api", 224),
    Wire("gateway", "health", 70),
    Wire("api", "s3", 259, (253, 131), "end", 80),
    Wire("api", "cache", 224),
    Wire("api", "machine", 212, (206, 476), "end"),
    Wire("ingest-bucket", "ingest-queue", 814, (820, 131), limit_px=50, event=True),
    Wire("ingest-queue", "ingest", 814, event=True),
    Wire("ingest", "ingest-bucket", ((866, 386), (873, 386), (873, 92)), (868, 302), "end", 40),
    Wire("ingest", "machine", 814, (820, 476)),
    Wire("sweep", "s3", 676, (682, 131)),
    Wire("sweep", "ingest-queue", 224),
    Wire("sweep", "files", 676, (682, 308)),
    Wire("task", "s3", 534, (540, 131)),
    Wire("task", "cache", 224),
    Wire("task", "files", 386),
    Wire("task", "outcome", 386, (451, 368), "middle", 40, event=True),
    Wire("task", "machine", 562, (568, 476), limit_px=50),
    Wire("machine", "order", 70, (76, 476)),
    Wire("machine", "task", 506, (500, 476), "end", 50),
    Wire("machine", "outcome", 330, (324, 476), "end"),
    Wire("outcome", "machine", 394, (400, 476), limit_px=50),
    Wire("machine", "webhooks", 534, (540, 587), event=True),
    Wire("maintain", "machine", 676, (682, 587)),
    Wire("machine", "topics", 814, (820, 587)),
    Wire("maintain", "topics", 681),
    Wire("webhooks", "calls-queue", 648),
    Wire("calls-queue", "sender", 648, event=True),
    Wire("sender", "reports-queue", 714),
    Wire("reports-queue", "webhooks", 714, event=True),
    Wire("sender", ENDPOINTS, 681),
    Wire("topics", SUBSCRIBERS, 814, (820, 770)),
    Wire("migrate", LEDGER, 833),
)

LEGEND_TOP: Final = 970
LEGEND: Final = (  # kind, title, left border, width
    (Kind.FUNCTION, "Lambda function", 16, 130),
    (Kind.WORK, "Other compute", 158, 130),
    (Kind.STORE, "Store", 300, 110),
    (Kind.MESSAGES, "Messages", 422, 110),
    (Kind.EDGE, "Edge", 544, 110),
    (Kind.OUTSIDE, "Outside", 666, 110),
)

# Connections that no arrow shows, and where the reader finds them instead.
WRITTEN: Final = {
    ("media-bucket", "ingest-bucket"): "access logs of both lie in the third bucket, named in the box",
    ("health", "cache"): "asks it for a sign of life, and nothing else",
    (
        "maintain",
        "ingest-bucket",
    ): "looks at originals on their way out of the archive, and asks for them again",
    ("order", "ingest-bucket"): "looks at the files of orders, as `api` does",
    ("key-maker", "gateway"): "makes API keys and removes them",
    ("api", "key-maker"): "has it make and remove API keys when an operator asks",
    ("maintain", "key-maker"): "has it remove keys whose making or revoking was given up half-way",
    ("api", "ingest-queue"): "redrives its dead letters when an operator asks",
    ("api", "calls-queue"): "redrives its dead letters when an operator asks",
    ("api", "reports-queue"): "the same, and tells `webhooks` that a delivery is due",
}
