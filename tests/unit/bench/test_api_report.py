"""The comparison of the API function with its twin: what counts as the same, and when a bar is met."""

import pytest

from bench.api.report import Figures, comparable, render

OPERATIONS = ("GET one", "GET list", "GET search")


def figures(*, rate: float, start: float, slow: float = 1.0) -> Figures:
    few = {name: [1.0] * 100 for name in OPERATIONS}
    many = {name: [slow] * 100 for name in OPERATIONS}
    return Figures(
        few=few,
        many=many,
        imports=[start],
        first_answers=[start],
        rates={name: [rate] for name in OPERATIONS},
    )


def test_answers_may_differ_in_ids_and_times_and_in_nothing_else() -> None:
    ours = {"statusCode": 201, "body": '{"video_id": "a", "title": "x", "latest_job_id": null}'}
    same = {"statusCode": 201, "body": '{"latest_job_id": null, "title": "x", "video_id": "b"}'}
    untrue = {"statusCode": 201, "body": '{"latest_job_id": "c", "title": "x", "video_id": "b"}'}
    other = {"statusCode": 200, "body": ours["body"]}

    assert comparable(ours) == comparable(same)
    assert comparable(ours) != comparable(untrue)
    assert comparable(ours) != comparable(other)


@pytest.mark.parametrize(
    ("ours", "good"),
    [
        (figures(rate=300, start=0.6), True),
        (figures(rate=299, start=0.6), False),
        (figures(rate=300, start=0.61), False),
        (figures(rate=300, start=0.6, slow=1.6), False),
    ],
)
def test_every_bar_counts(ours: Figures, good: bool) -> None:
    report, met = render({"ours": ours, "twin": figures(rate=100, start=1.0)}, 100_000)

    assert met is good
    assert ("NO" in report) is not good
