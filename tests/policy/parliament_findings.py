"""Prints parliament's findings on policy documents; runs in the checkers' own virtual environment.

Reads a JSON object of documents by name from standard input, writes a JSON list of findings.
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore", category=UserWarning)
import parliament  # noqa: E402 - its import warns about pkg_resources


def main() -> None:
    """Lint every document."""
    documents = json.load(sys.stdin)
    found = []
    for name, text in documents.items():
        for finding in parliament.analyze_policy_string(text).findings:
            detail = {key: str(value) for key, value in (finding.location or {}).items()}
            found.append({"document": name, "id": finding.issue, "detail": f"{finding.detail} {detail}"})
    json.dump({"checked": len(documents), "findings": found}, sys.stdout)


if __name__ == "__main__":
    main()
