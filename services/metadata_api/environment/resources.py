"""Settings and clients of one Lambda environment, each made at its first use."""

from functools import cached_property

from metadata_api.environment.edge import Edge
from metadata_api.environment.playback_token import PlaybackTokens
from metadata_api.environment.presign import Presigner
from metadata_api.environment.signing_keys import SigningKeys
from metadata_api.environment.stores import Stores
from metadata_api.http.cursor import CursorSigner
from metadata_api.settings import ApiSettings


class Resources(Stores):
    """What routes use to reach the world outside of the call."""

    def __init__(self, settings: ApiSettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.presigner = Presigner()

    @cached_property
    def cursors(self) -> CursorSigner:
        """Signs list positions; all environments share the keys."""
        return CursorSigner(self._signing_keys)

    @cached_property
    def playback_tokens(self) -> PlaybackTokens:
        """Seals and checks playback links, for a purpose of their own under the same keys."""
        return PlaybackTokens(self._signing_keys)

    @cached_property
    def edge(self) -> Edge | None:
        """The way over the edge; None where links are presigned."""
        return Edge(self.settings) if self.settings.edge_url else None

    @cached_property
    def _signing_keys(self) -> SigningKeys:
        return SigningKeys(self.settings.signing_secret_arn)
