"""Secrets that are ours to check are compared in constant time, so that no clock tells wrong ones apart.

API keys are compared by API Gateway, and signatures of webhooks by their receivers.
"""

import ast
import hmac
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from metadata_api.http.sealing import BrokenSealError, FixedKeys, Sealer, SigningKey

SERVICES = Path(__file__).parents[2] / "services"
SECRET = re.compile(r"secret|token|passw|signature|credential|hmac|seal|cursor|api_key")
# What is compared plainly, by file and text, and why that tells a caller nothing.
PLAIN = {
    ("ledger/database/connection.py", "renewed == credentials"): "both come from Secrets Manager",
}
TRIES = 10_000


def comparisons_of_secrets() -> Iterator[tuple[str, str]]:
    for file in sorted(SERVICES.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
                names = (part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute))
                texts = (part.id if isinstance(part, ast.Name) else part.attr for part in names)
                if any(SECRET.search(text.lower()) for text in texts):
                    yield file.relative_to(SERVICES).as_posix(), ast.unparse(node)


def test_no_secret_is_compared_by_an_operator_that_stops_at_the_first_difference() -> None:
    assert set(comparisons_of_secrets()) == set(PLAIN)


def test_ten_thousand_forged_seals_are_all_compared_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = FixedKeys([SigningKey(id="1", secret="a secret of the deployment")])
    sealer = Sealer(keys, b"a purpose")
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def recorded(first: bytes, second: bytes) -> bool:
        compared.append((len(first), len(second)))
        return real(first, second)

    right = sealer.seal("scope", str(uuid4()))
    monkeypatch.setattr("metadata_api.http.sealing.hmac.compare_digest", recorded)
    for number in range(TRIES):
        # From wrong at the first character behind the key's id to right but for the last of the tag.
        index = 2 + number % 21
        forged = right[:index] + ("A" if right[index] != "A" else "B") + right[index + 1 :]
        with pytest.raises(BrokenSealError):
            sealer.unseal("scope", forged)

    assert compared == [(16, 16)] * TRIES
