from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata_api.environment.playback_token import PlaybackGrant, PlaybackTokens
from metadata_api.http.cursor import CursorSigner
from metadata_api.http.problems import Problem, ProblemCode
from metadata_api.http.sealing import FixedKeys, SigningKey

KEYS = FixedKeys([SigningKey(id="1", secret="a secret")])
OTHERS = FixedKeys([SigningKey(id="1", secret="another secret")])
TOKENS = PlaybackTokens(KEYS)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
GRANT = PlaybackGrant(video_id=uuid4(), job_id=uuid4(), expires_at=NOW + timedelta(hours=1))


def test_a_token_gives_back_its_grant_until_it_ends() -> None:
    token = TOKENS.issue(GRANT)

    assert TOKENS.read(GRANT.job_id, token, NOW) == GRANT
    assert TOKENS.read(GRANT.job_id, token, GRANT.expires_at - timedelta(seconds=1)) == GRANT
    with pytest.raises(Problem) as ended:
        TOKENS.read(GRANT.job_id, token, GRANT.expires_at)
    assert (ended.value.code, ended.value.status) == (ProblemCode.PLAYBACK_LINK_EXPIRED, 403)


def test_a_token_opens_no_other_job() -> None:
    with pytest.raises(Problem) as refused:
        TOKENS.read(uuid4(), TOKENS.issue(GRANT), NOW)
    assert (refused.value.code, refused.value.status) == (ProblemCode.PLAYBACK_LINK_INVALID, 403)


@pytest.mark.parametrize("other", [PlaybackTokens(OTHERS), CursorSigner(KEYS)])
def test_seals_of_other_keys_and_purposes_are_refused(other: PlaybackTokens | CursorSigner) -> None:
    text = f"{int(GRANT.expires_at.timestamp())}.{GRANT.video_id.hex}"
    made = other.issue(GRANT) if isinstance(other, PlaybackTokens) else other.seal(str(GRANT.job_id), text)

    with pytest.raises(Problem) as refused:
        TOKENS.read(GRANT.job_id, made, NOW)
    assert refused.value.code is ProblemCode.PLAYBACK_LINK_INVALID


@given(st.data())
def test_one_changed_character_voids_a_token(data: st.DataObject) -> None:
    token = TOKENS.issue(GRANT)
    index = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="))
    changed = token[:index] + other + token[index + 1 :]

    if changed != token:
        with pytest.raises(Problem):
            TOKENS.read(GRANT.job_id, changed, NOW)
