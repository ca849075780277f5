import base64
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from metadata_api.http.cursor import CursorSigner, pack_position, unpack_position
from metadata_api.http.problems import Problem, ProblemCode
from metadata_api.http.sealing import FixedKeys, SigningKey
from metadata_api.models.records import RecordQuery
from metadata_api.operations.paging import scope_of, split_page

OLD, NEW = SigningKey(id="1", secret="a secret"), SigningKey(id="2", secret="another secret")
SIGNER = CursorSigner(FixedKeys([OLD]))


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1)), st.uuids())  # noqa: DTZ001
def test_a_position_survives_to_the_microsecond(moment: datetime, row_id: UUID) -> None:
    moment = moment.replace(tzinfo=timezone(timedelta(hours=9)))

    cursor = SIGNER.seal("records:a", pack_position(moment, row_id))

    assert unpack_position(SIGNER.unseal("records:a", cursor)) == (moment, row_id)


@given(st.text(max_size=200))
def test_made_up_cursors_are_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        SIGNER.unseal("records:a", text)

    assert refused.value.code is ProblemCode.CURSOR_INVALID


@given(st.data())
def test_one_changed_character_voids_a_cursor(data: st.DataObject) -> None:
    cursor = SIGNER.seal("records:a", pack_position(datetime.now(UTC), uuid4()))
    index = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=."))
    changed = cursor[:index] + other + cursor[index + 1 :]

    if changed == cursor:
        return
    with pytest.raises(Problem):
        SIGNER.unseal("records:a", changed)


def test_a_cursor_counts_for_its_own_list_and_deployment_only() -> None:
    cursor = SIGNER.seal("records:a", "1.2")
    other = FixedKeys([SigningKey(id="1", secret="of another deployment")])

    for signer, scope in ((SIGNER, "records:b"), (SIGNER, "jobs:a"), (CursorSigner(other), "records:a")):
        with pytest.raises(Problem):
            signer.unseal(scope, cursor)


def test_a_cursor_does_not_carry_the_key() -> None:
    key_id, _, body = SIGNER.seal("s", "1.2").partition(".")

    assert key_id == "1"
    assert b"secret" not in base64.urlsafe_b64decode(body + "==")


def test_after_a_rotation_old_cursors_count_until_the_next_one() -> None:
    cursor = SIGNER.seal("records:a", "1.2")
    rotated = CursorSigner(FixedKeys([NEW, OLD]))

    assert rotated.unseal("records:a", cursor) == "1.2"
    assert rotated.seal("records:a", "1.2").startswith("2.")
    with pytest.raises(Problem):
        CursorSigner(FixedKeys([NEW])).unseal("records:a", cursor)
    with pytest.raises(Problem):
        rotated.unseal("records:a", "2" + cursor[1:])


def test_the_scope_follows_the_filters_and_ignores_page_size_and_cursor() -> None:
    adapter = TypeAdapter(RecordQuery)
    base = adapter.validate_python({"tag": ["a"], "limit": "5"})
    same = adapter.validate_python({"tag": ["a"], "limit": "9", "cursor": "x"})
    other = adapter.validate_python({"tag": ["b"], "limit": "5"})

    assert scope_of("records", base) == scope_of("records", same)
    assert scope_of("records", base) != scope_of("records", other)
    assert scope_of("records", base) != scope_of("jobs", base)


@pytest.mark.parametrize(
    ("rows", "shown", "cursor"), [([], [], None), ([1, 2], [1, 2], None), ([1, 2, 3], [1, 2], "after 2")]
)
def test_the_last_page_has_no_cursor(rows: list[int], shown: list[int], cursor: str | None) -> None:
    assert split_page(rows, 2, lambda row: f"after {row}") == (shown, cursor)
