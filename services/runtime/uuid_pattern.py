"""How ids look inside keys and names: as `str(UUID)` writes them, and in no other spelling."""

from typing import Final

UUID_PATTERN: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
