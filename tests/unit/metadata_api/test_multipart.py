import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata_api.environment.multipart import MAX_PARTS, parts_of

MIB = 1024 * 1024
S3_MIN_PART_BYTES = 5 * MIB
S3_MAX_PART_BYTES = 5 * 1024 * MIB


@given(st.integers(min_value=0, max_value=100 * 1024 * MIB))
def test_the_parts_are_the_whole_file_within_the_bounds_of_s3(size_bytes: int) -> None:
    parts = parts_of(size_bytes)

    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert sum(part.size_bytes for part in parts) == size_bytes
    assert len(parts) <= MAX_PARTS
    assert len({part.size_bytes for part in parts[:-1]}) <= 1
    assert all(S3_MIN_PART_BYTES <= part.size_bytes <= S3_MAX_PART_BYTES for part in parts[:-1])
    assert parts[-1].size_bytes > 0 or size_bytes == 0


@pytest.mark.parametrize(("size_bytes", "count"), [(0, 1), (1, 1), (16 * MIB, 1), (16 * MIB + 1, 2)])
def test_a_file_is_cut_only_where_it_must_be(size_bytes: int, count: int) -> None:
    assert len(parts_of(size_bytes)) == count
