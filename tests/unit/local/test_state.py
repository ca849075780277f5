"""The record of the platform survives crashes and keeps its secrets to its owner."""

from pathlib import Path

from local.servers.process import ProcessIdentity
from local.state import Phase, PlatformState, load_state, save_state


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    identity = ProcessIdentity(1, 2, "boot")
    state = PlatformState(
        "dev", Phase.READY, supervisor=identity, processes={"redis": identity}, secrets={"a": "b"}
    )
    save_state(tmp_path / "state.json", state)
    assert load_state(tmp_path / "state.json", "dev") == state


def test_the_record_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    save_state(tmp_path / "state.json", PlatformState("dev"))
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0


def test_half_a_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"stack": "de')
    assert load_state(tmp_path / "state.json", "dev") == PlatformState("dev")


def test_a_recorded_pid_that_belongs_to_another_process_is_not_alive() -> None:
    mine = ProcessIdentity.of(1)
    assert mine is not None
    assert not PlatformState(
        "dev", supervisor=ProcessIdentity(1, mine.start_ticks + 1, mine.boot_id)
    ).is_alive()
