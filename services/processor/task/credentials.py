"""The task role's credentials for every AWS client, from an environment that only the worker holds."""

from collections.abc import Mapping

import boto3
import botocore.session
from botocore.credentials import ContainerProvider, CredentialResolver, EnvProvider


def use_credentials_of(environ: Mapping[str, str]) -> None:
    """Make every client of this process find its credentials in `environ` and nowhere else.

    Whoever knows the address that ECS gives to a container, and reaches it, gets the role's credentials. So
    the address is a secret as well, and stays out of the environment that child processes inherit.

    Args:
        environ: Has `AWS_CONTAINER_CREDENTIALS_*` as ECS sets them, or access keys.
    """
    session = botocore.session.get_session()
    providers = [EnvProvider(environ), ContainerProvider(environ)]
    session.register_component("credential_provider", CredentialResolver(providers))
    boto3.setup_default_session(botocore_session=session)
