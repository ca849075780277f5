import pytest
from pydantic import ValidationError

from metadata_api.models.records import RecordBody, RecordPatch
from metadata_api.models.webhooks import ReplayBody


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Padded  ", "Padded"),
        ("Cafe\u0301", "Café"),
        ("日本語", "日本語"),
        ("a\u202eb", "a\u202eb"),
        ("x" * 255, "x" * 255),
    ],
)
def test_titles_are_normalised(given: str, kept: str) -> None:
    assert RecordBody.model_validate({"title": given}).title == kept


@pytest.mark.parametrize("title", ["", "   ", "x" * 256, "a\nb", "a\x7fb", "a\x85b", "nul\x00", 5, None])
def test_titles_out_of_bounds_are_refused(title: object) -> None:
    with pytest.raises(ValidationError):
        RecordBody.model_validate({"title": title})


def test_a_description_may_have_lines_and_tabs_only() -> None:
    assert RecordBody(title="x", description="a\r\n\tb").description == "a\r\n\tb"
    with pytest.raises(ValidationError):
        RecordBody(title="x", description="a\x1b[31mb")


def test_repeated_tags_count_once_in_their_order() -> None:
    assert RecordBody(title="x", tags=["b", "a", " b "]).tags == ["b", "a"]


@pytest.mark.parametrize("tags", [["x"] * 51, [""], ["a" * 65], ["a\tb"], "a", [1]])
def test_tags_out_of_bounds_are_refused(tags: object) -> None:
    with pytest.raises(ValidationError):
        RecordBody.model_validate({"title": "x", "tags": tags})


@pytest.mark.parametrize("language", ["english", "e", "en_US", "en-", "1a"])
def test_languages_that_are_no_tag_are_refused(language: str) -> None:
    with pytest.raises(ValidationError):
        RecordBody.model_validate({"title": "x", "language": language})


def test_a_patch_knows_absent_from_null() -> None:
    patch = RecordPatch.model_validate_json('{"language": null}')

    assert patch.model_dump(exclude_unset=True) == {"language": None}
    with pytest.raises(ValidationError):
        RecordPatch.model_validate_json('{"title": null}')


@pytest.mark.parametrize("moment", [1.4e132, 1_700_000_000, "1700000000", "2026-01-31", None, ["2026"]])
def test_only_a_time_with_an_offset_counts_as_a_time(moment: object) -> None:
    with pytest.raises(ValidationError):
        ReplayBody.model_validate({"since": moment})
