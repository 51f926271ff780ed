"""The connection to Ray: a running cluster, or one on this machine's cores that ends with the command."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.system.signals import raise_on_sigterm

PATIENCE = 10
"""Seconds to wait for an answer."""


def check_ray(feature: str, *others: str) -> None:
    """Raise `MissingExtraError` where Ray, or one of its companions, is not installed, for what the command names."""
    try:
        missing = not all(map(find_spec, ("ray", *others)))
    except ValueError:  # imported, but without a spec
        missing = True
    if missing:
        raise MissingExtraError(feature, "ray")


@contextlib.contextmanager
def connect(address: str | None) -> Iterator[None]:
    """Connect to the cluster at an address, or start one on this machine; raises `ImdbGruError` where none answers."""
    import ray
    import ray._private.worker

    # with log_to_driver=False alone, what the cluster says of nodes that die still comes, and on stdout
    ray._private.worker._worker_logs_enabled = False
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # Ray's core writes past Python's logging
    place = address and _find_place(address)
    try:
        if place:
            socket.create_connection(place, PATIENCE).close()  # Ray itself would wait for minutes
        with _drop_stderr():  # where the core says which level it has
            if place:
                _bring_token(address)
            ray.init(
                address=address or "local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
            )
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        raise ImdbGruError(f"no Ray cluster answers at {address}: {error}; start one with: ray start --head") from error
    raise_on_sigterm()  # Ray has put a handler of its own in its place
    try:
        yield
    finally:
        ray.shutdown()


def _bring_token(address: str | None) -> None:
    """Have Ray show this machine's token where the cluster asks for one; one that does not would be confused by it."""
    from ray._private.authentication import authentication_token_setup as setup
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.exceptions import AuthenticationError, RpcError

    setup.logger.setLevel(logging.ERROR)
    try:
        GcsClient(address=address)
    except AuthenticationError:
        if not setup.maybe_enable_token_auth_if_token_available(warn_if_disabled=False):
            raise ConnectionError("it asks for a token: put its ~/.ray/auth_token here, too") from None
    except RpcError as error:
        raise ConnectionError(" ".join(str(error).split())) from error


def _find_place(address: str) -> tuple[str, int] | None:
    """Return the host and the port of HOST:PORT; None of auto, and of addresses of Ray's own kind."""
    host, _, port = address.rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdigit() and host and "/" not in host else None


@contextlib.contextmanager
def _drop_stderr() -> Iterator[None]:
    """Drop what machine code writes to stderr."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
