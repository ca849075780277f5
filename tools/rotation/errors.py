"""What ends a rotation before it has changed anything that is in use."""


class RotationError(Exception):
    """The secret in use stays as it is.

    Attributes:
        remedy: What to do.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy
