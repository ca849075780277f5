"""The functions of webhooks as Lambda calls them: it counts how often a chain of calls comes to a function.

Lambda keeps the count in the trace header that its SDKs send on and SQS keeps as `AWSTraceHeader`, and drops
the call after the sixteenth of one chain (Lambda Developer Guide, "Use Lambda recursive loop detection"; the
part `Lineage` is named in the X-Ray Developer Guide, "Tracing header"). How Lambda writes the part is its own
business; here it names functions. Of a batch, the longest chain counts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.handlers import add_recursion_detection_header

from tests.integration.functions.webhook_system import WebhookSystem, records_of
from webhooks import dispatcher, sender

MOST_CALLS = 16
DISPATCHER, SENDER = "video-webhooks", "video-webhook-sender"
_TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;Lineage="
_COUNT = re.compile(r"([a-z-]+):(\d+)")
_REPORTS_AT_ONCE = 10
Chain = Mapping[str, int]


@dataclass
class ChainedCalls:
    """Feeds both functions from their queues, as far as Lambda's loop detection lets them.

    Attributes:
        system: The functions and their queues.
        let_off: Functions whose chains may be of any length.
        dropped: By function, how many messages were never given to it.
        longest: By function, how often the longest chain came to it.
    """

    system: WebhookSystem
    let_off: frozenset[str]
    dropped: dict[str, int] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # One environment of the dispatcher, with one connection.
        self._services = self.system.services

    def run(self) -> None:
        """Sweeps once, then works off both queues until they are empty."""
        events = self.system.sqs.meta.events
        events.register("before-parameter-build.sqs.SendMessage", _keep_trace, "keep-trace")
        try:
            self._call(DISPATCHER, {}, lambda: dispatcher.sweep(self._services))
            while self._feed_sender() + self._feed_dispatcher():
                pass
        finally:
            events.unregister("before-parameter-build.sqs.SendMessage", _keep_trace, "keep-trace")

    def _feed_sender(self) -> int:
        def send(body: str) -> Callable[[], object]:
            system = self.system
            return lambda: sender.send(body, system.call, system.sqs, system.reports_url)

        messages = self._receive(self.system.calls_url)
        for message in messages:
            self._give(SENDER, [message], send(message["Body"]))
        return len(messages)

    def _feed_dispatcher(self) -> int:
        messages = self._receive(self.system.reports_url)
        if messages:
            records = records_of(message["Body"] for message in messages)
            self._give(DISPATCHER, messages, lambda: dispatcher.take_reports(records, self._services))
        return len(messages)

    def _receive(self, url: str) -> list[Any]:
        """Takes a batch off a queue for good."""
        answer = self.system.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_REPORTS_AT_ONCE,
            MessageSystemAttributeNames=["AWSTraceHeader"],
        )
        messages: list[Any] = answer.get("Messages", [])
        for message in messages:
            self.system.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def _give(self, function: str, messages: list[Any], work: Callable[[], object]) -> None:
        chains = [_chain_of(message["Attributes"]["AWSTraceHeader"]) for message in messages]
        names = {name for chain in chains for name in chain}
        longest = {name: max(chain.get(name, 0) for chain in chains) for name in names}
        if not self._call(function, longest, work):
            self.dropped[function] = self.dropped.get(function, 0) + len(messages)

    def _call(self, function: str, chain: Chain, work: Callable[[], object]) -> bool:
        """Calls a function, unless its chain is too long; says whether it did."""
        counts = {**chain, function: chain.get(function, 0) + 1}
        if counts[function] > MOST_CALLS and function not in self.let_off:
            return False
        self.longest[function] = max(self.longest.get(function, 0), counts[function])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_LAMBDA_FUNCTION_NAME", function)
            patch.setenv("_X_AMZN_TRACE_ID", _TRACE + "|".join(f"{name}:{n}" for name, n in counts.items()))
            work()
        return True


def _chain_of(trace: str) -> Chain:
    return {name: int(number) for name, number in _COUNT.findall(trace.partition("Lineage=")[2])}


def _keep_trace(params: dict[str, Any], **_details: Any) -> None:
    """Does what SQS does with the header that the SDK sends within a function; the emulator leaves it out."""
    headers: dict[str, str] = {}
    add_recursion_detection_header({"headers": headers})
    params["MessageSystemAttributes"] = {
        "AWSTraceHeader": {"DataType": "String", "StringValue": headers["X-Amzn-Trace-Id"]}
    }
