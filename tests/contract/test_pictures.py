"""docs/architecture.md and its pictures show the program, the imports and the ledger as they are."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.states import JobStatus
from local.monitor import Registration
from local.paths import REPOSITORY_ROOT
from local.program import ProgramRun
from tools.architecture import deployment, deployment_layout, packages, packages_layout, page, tables
from tools.architecture.deployment import Deployment
from tools.architecture.drawing import Picture
from tools.architecture.imports import contracts
from tools.architecture.parts import PictureError
from tools.architecture.tidiness import crossings, defects

PAGE = (REPOSITORY_ROOT / page.PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pictures(dev: ProgramRun, prod: ProgramRun) -> dict[str, Picture]:
    return {
        "deployment": deployment.draw(Deployment(dev, prod)),
        "packages": packages.draw(contracts()),
    }


def test_pictures_and_tables_are_what_the_code_generates(dev: ProgramRun, prod: ProgramRun) -> None:
    for path, text in page.generated(dev, prod).items():
        kept = (REPOSITORY_ROOT / path).read_text(encoding="utf-8")
        assert kept == text, f"{path} is out of date; run: make pictures"


def test_the_same_code_gives_the_same_bytes(dev: ProgramRun, prod: ProgramRun) -> None:
    assert page.generated(dev, prod) == page.generated(dev, prod)


@pytest.mark.parametrize("name", ["deployment", "packages"])
def test_a_picture_is_tidy(pictures: dict[str, Picture], name: str) -> None:
    assert defects(pictures[name]) == []
    assert crossings(pictures[name]) == []


def changed(run: ProgramRun, name: str, change: Callable[[Registration], Registration | None]) -> ProgramRun:
    """The run with one resource changed, or taken out."""
    registrations = dict(run.registrations)
    for urn, entry in run.registrations.items():
        if entry.name == name and entry.custom:
            made = change(entry)
            registrations.pop(urn)
            if made is not None:
                registrations[urn] = made
    return replace(run, registrations=registrations)


def gone(_entry: Registration) -> None:
    return None


def with_inputs(**inputs: Any) -> Callable[[Registration], Registration]:
    return lambda entry: replace(entry, inputs={**entry.inputs, **inputs})


def with_policy(old: str, new: str) -> Callable[[Registration], Registration]:
    def change(entry: Registration) -> Registration:
        assert old in entry.inputs["policy"]
        return replace(entry, inputs={**entry.inputs, "policy": entry.inputs["policy"].replace(old, new)})

    return change


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        (
            "workflow-dead-letters",
            lambda entry: replace(entry, name="other-queue"),
            "other-queue, which has no place",
        ),
        (
            "cache-group",
            lambda entry: replace(entry, type="aws:dynamodb/table:Table"),
            "a resource of type aws:dynamodb/table:Table",
        ),
        (
            "webhooks-sender-policy",
            with_policy("video-webhook-reports-dev", "video-ingest-dev"),
            r"sender -> ingest-queue \(webhooks-sender-policy: ReportCalls\) has no arrow",
        ),
        ("ingest-object-created-target", gone, "nothing in the program joins ingest-bucket -> ingest-queue"),
        ("storage-efs", gone, "file-system/.*, which is no part"),
        ("sweep-sweep-policy", with_policy("sqs:SendMessage", "sqs:PurgeQueue"), "allows sqs:PurgeQueue"),
        (
            "ingest-object-created",
            with_inputs(eventPattern='{"detail-type": ["Object Deleted"], "detail": {}}'),
            "matches 'Object Deleted'",
        ),
    ],
)
def test_a_program_that_the_layout_does_not_know_is_refused(
    dev: ProgramRun, prod: ProgramRun, name: str, change: Any, complaint: str
) -> None:
    with pytest.raises(PictureError, match=complaint):
        Deployment(changed(dev, name, change), prod)


def test_a_place_whose_part_is_gone_is_refused(
    dev: ProgramRun, prod: ProgramRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *others) = deployment_layout.PLACES
    monkeypatch.setattr(deployment, "PLACES", (replace(first, members=("no-such-part",)), *others))
    with pytest.raises(PictureError, match="has a place for no-such-part"):
        Deployment(dev, prod)


def test_a_package_or_an_import_without_a_place_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = contracts()
    without = {name: place for name, place in packages_layout.COLUMNS.items() if name != "media"}
    with monkeypatch.context() as patch:
        patch.setattr(packages, "COLUMNS", without)
        with pytest.raises(PictureError, match="the package media has no place"):
            packages.draw(rules)
    with monkeypatch.context() as patch:
        patch.setattr(packages, "DOWN_AT", {**packages_layout.DOWN_AT, ("ledger", "media"): 5})
        with pytest.raises(PictureError, match=r"the import \('ledger', 'media'\), which is not there"):
            packages.draw(rules)


def test_a_large_package_needs_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_WIDE", {})
    with pytest.raises(PictureError, match="must give a reason for"):
        tables.packages_table(contracts())


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(PictureError, match="generated: rooms"):
        page.filled("# Architecture\n", {"rooms": "| Room |\n"})


def test_the_states_and_the_events_of_a_job_are_those_of_the_ledger() -> None:
    ledger = (REPOSITORY_ROOT / "services").rglob("*.py")
    recorded = {
        event
        for path in ledger
        for event in re.findall(r"[\"'](job\.[a-z]+)[\"']", path.read_text(encoding="utf-8"))
    }
    section = PAGE.partition("## The states of a job")[2]
    assert set(re.findall(r"`(job\.[a-z]+)`", section)) == recorded
    told = set(re.findall(r"`([A-Z]+)`", section.partition("## Where each")[0]))
    assert told == {status.value for status in JobStatus}


def test_the_functions_that_change_a_job_exist() -> None:
    table = PAGE.partition("| From | To | Who | By | Event |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", table)) - set(re.findall(r"`(job\.[a-z]+)`", table))
    assert len(named) > 10
    for module, function in (name.split(".") for name in named):
        files = list((REPOSITORY_ROOT / "services" / "ledger").rglob(f"{module}.py"))
        assert any(f"\ndef {function}(" in file.read_text(encoding="utf-8") for file in files), (
            module,
            function,
        )


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert len(links) > 8
    assert [link for link in links if not (REPOSITORY_ROOT / "docs" / link).exists()] == []
