"""The connection to Ray: to a running cluster, or to a local cluster that exists only while the command runs."""

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
"""Seconds to wait for a connection."""


def check_ray(feature: str, *others: str) -> None:
    """Raise `MissingExtraError` if Ray or one of the other packages that a feature needs is not installed."""
    try:
        missing = not all(map(find_spec, ("ray", *others)))
    except ValueError:  # a package was imported, but has no spec
        missing = True
    if missing:
        raise MissingExtraError(feature, "ray")


@contextlib.contextmanager
def connect(address: str | None) -> Iterator[None]:
    """Connect to the cluster at an address, or start a local cluster; raise `ImdbGruError` if no cluster responds."""
    import ray

    # Ray 2.60 has no public way to silence its workers; pyproject.toml excludes Ray 2.61 because of private names such
    # as this.
    import ray._private.worker

    # log_to_driver=False alone would still print messages about dead nodes to stdout
    ray._private.worker._worker_logs_enabled = False
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # Ray's core bypasses Python's logging
    place = address and _find_place(address)
    try:
        if place:
            socket.create_connection(place, PATIENCE).close()  # Ray itself would wait for minutes
        with _drop_stderr():  # Ray's core prints its log level to stderr
            if place:
                _bring_token(address)
            ray.init(
                address=address or "local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
            )
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        raise ImdbGruError(f"no Ray cluster answers at {address}: {error}; start one with: ray start --head") from error
    raise_on_sigterm()  # Ray has replaced our handler
    try:
        yield
    finally:
        ray.shutdown()


def _bring_token(address: str | None) -> None:
    """Let Ray send this machine's authentication token only to clusters that require one; others would reject it."""
    # Ray 2.60 has no public way to find out whether a cluster responds and whether it requires a token.
    from ray._private.authentication import authentication_token_setup as setup
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.exceptions import AuthenticationError, RpcError

    setup.logger.setLevel(logging.ERROR)
    try:
        GcsClient(address=address)
    except AuthenticationError:
        if not setup.maybe_enable_token_auth_if_token_available(warn_if_disabled=False):
            raise ConnectionError("the cluster requires a token: copy its ~/.ray/auth_token to this machine") from None
    except RpcError as error:
        raise ConnectionError(" ".join(str(error).split())) from error


def _find_place(address: str) -> tuple[str, int] | None:
    """Return the host and port of a HOST:PORT address, or None for any other kind of Ray address, such as `auto`."""
    host, _, port = address.rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdigit() and host and "/" not in host else None


@contextlib.contextmanager
def _drop_stderr() -> Iterator[None]:
    """Discard everything that compiled code writes to stderr."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
