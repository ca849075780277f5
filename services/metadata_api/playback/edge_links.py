"""Links over the edge to the files of one job."""

from collections.abc import Callable
from functools import cache

from ledger.videos.playback import PlayableFile
from metadata_api.environment.edge import Edge
from metadata_api.environment.playback_token import PlaybackGrant
from metadata_api.environment.viewing_token import Viewing


def over_edge(edge: Edge, grant: PlaybackGrant, client: str) -> Callable[[PlayableFile], str]:
    """Gives the address of each file; those that lie together share one token, so relative names inherit it.

    Args:
        edge: Makes the links.
        grant: The video and the job, and when the links end.
        client: Public id of whoever asked.
    """

    @cache
    def directory(prefix: str) -> str:
        return edge.address(
            Viewing(
                client=client,
                video_id=grant.video_id,
                job_id=grant.job_id,
                prefix=prefix,
                expires_at=grant.expires_at,
            )
        )

    return lambda file: directory(file.key.removesuffix(file.file_name)) + file.file_name
