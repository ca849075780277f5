import re
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from ledger import migrations

DIRECTORY = Path(migrations.__file__).parent


def test_revisions_form_one_line_and_carry_their_files_numbers() -> None:
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY))
    revisions = list(reversed(list(ScriptDirectory.from_config(config).walk_revisions())))
    numbers = sorted(path.name[:4] for path in (DIRECTORY / "versions").glob("*.py"))

    assert [revision.revision for revision in revisions] == numbers
    assert [revision.down_revision for revision in revisions] == [None, *numbers[:-1]]


def test_revision_files_are_named_by_number_and_purpose() -> None:
    for path in (DIRECTORY / "versions").glob("*.py"):
        assert re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", path.name)


def test_there_is_no_way_down() -> None:
    for path in (DIRECTORY / "versions").glob("*.py"):
        assert "def downgrade" not in path.read_text(encoding="utf-8")
