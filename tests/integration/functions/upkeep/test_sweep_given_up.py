"""An event that fails for good is told some times, ever more rarely, and then reported once."""

import json
from typing import Any

import pytest

from ledger.buckets import resent_events
from tests.integration.functions.sweep_world import World

pytestmark = pytest.mark.integration


def hours_later(swept: World, hours: int) -> dict[str, int]:
    swept.later(f"{hours - 1} hours")
    return swept.an_hour_later()


def test_an_event_that_never_leads_to_a_job_is_told_five_times_and_reported_once(
    swept: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "sweep")
    swept.put(swept.ingest, "poison.mov")
    told, given_up = [], []

    for _ in range(60):
        counts = hours_later(swept, 1)
        told.append(counts["events_resent"])
        given_up.append(counts["events_given_up"])

    # Pauses of 1, 2, 4, 8 and 16 hours.
    assert [hour for hour, count in enumerate(told) if count] == [0, 1, 3, 7, 15]
    assert [hour for hour, count in enumerate(given_up) if count] == [31]
    assert len(swept.messages()) == resent_events.MOST_TIMES
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert sum(line["EventsGivenUp"][0] for line in lines) == 1


def test_a_file_that_is_dropped_again_is_told_of_from_the_beginning(swept: World) -> None:
    swept.put(swept.ingest, "poison.mov")
    for pause in (1, 1, 2, 4, 8):
        assert hours_later(swept, pause)["events_resent"] == 1
    assert hours_later(swept, 16)["events_given_up"] == 1

    swept.put(swept.ingest, "poison.mov")

    assert hours_later(swept, 1)["events_resent"] == 1
    assert hours_later(swept, 1)["events_given_up"] == 0


def test_a_file_that_is_gone_is_not_given_up_and_forgotten_in_the_end(swept: World) -> None:
    swept.put(swept.ingest, "poison.mov")
    for pause in (1, 1, 2, 4, 8):
        hours_later(swept, pause)
    swept.s3.delete_object(Bucket=swept.ingest, Key="poison.mov")

    assert hours_later(swept, 16)["events_given_up"] == 0
    swept.later("31 days")
    swept.run()

    assert swept.conn.execute("SELECT count(*) FROM resent_events").fetchone() == (0,)


def test_a_telling_that_the_queue_refuses_does_not_count(swept: World, monkeypatch: Any) -> None:
    swept.put(swept.ingest, "late.mov")
    refusal = {"Failed": [{"Id": "0", "Code": "InternalError"}]}
    with monkeypatch.context() as patch:
        patch.setattr(swept.services.sqs, "send_message_batch", lambda **_: refusal)
        for _ in range(resent_events.MOST_TIMES + 1):
            with pytest.raises(Exception, match="events_resent"):
                hours_later(swept, 1)

    assert hours_later(swept, 1)["events_resent"] == 1
    assert len(swept.messages()) == 1
