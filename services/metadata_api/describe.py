"""`python -m metadata_api.describe`: the API's OpenAPI document on standard output."""

import json
import sys

from metadata_api.operations.openapi import build_document
from metadata_api.route_table import OPERATIONS


def description() -> str:
    """The document as it is kept in docs/openapi.json."""
    return json.dumps(build_document(OPERATIONS), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
