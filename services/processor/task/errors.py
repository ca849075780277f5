"""Why an attempt ends for a reason outside of the media work."""

from ledger.states import ErrorCode


class AttemptError(Exception):
    """The attempt cannot go on; its code says who must act and whether a retry can help.

    Attributes:
        code: Public, stable reason.
        message: What happened, with the value and the allowed range.
        remedy: What to do, and who must do it.
    """

    def __init__(self, code: ErrorCode, message: str, remedy: str) -> None:
        super().__init__(f"{code}: {message} {remedy}")
        self.code = code
        self.message = message
        self.remedy = remedy
