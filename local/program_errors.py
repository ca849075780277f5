"""What can go wrong when the Pulumi program runs offline; each class names the one who must act."""

from local.errors import LocalModeError


class ConfigurationError(LocalModeError):
    """Pulumi.yaml or Pulumi.<stack>.yaml cannot be used; the author of those files must act."""


class ProgramError(LocalModeError):
    """The Pulumi program did something that a deployment would refuse; its author must act."""


class DuplicateUrnError(ProgramError):
    """Two resources of the program share type, name and parent."""


class UnsupportedError(ProgramError):
    """The program uses a resource type or a lookup that local mode does not know."""


class ProgramTimeoutError(LocalModeError):
    """The Pulumi program did not end within its deadline."""


class ApplyError(LocalModeError):
    """A resource of the program could not be created on this machine."""
