"""Settings and clients of one Lambda environment, each made at its first use."""

from functools import cached_property

from metadata_api.environment.playback_token import PlaybackTokens
from metadata_api.environment.presign import Presigner
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
        """Signs list positions; all environments share the key, because they share the login."""
        return CursorSigner(self.login.current().password)

    @cached_property
    def playback_tokens(self) -> PlaybackTokens:
        """Seals and checks playback links, under a key of their own from the same login."""
        return PlaybackTokens(self.login.current().password)
