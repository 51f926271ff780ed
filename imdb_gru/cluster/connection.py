"""Own the connection to Ray: a cluster that is there, or one of this machine's cores that ends with the command."""

import contextlib
import logging
from collections.abc import Iterator

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.stopping import raise_on_sigterm


def check_ray(feature: str) -> None:
    """Raise `MissingExtraError` where Ray is not installed, for what the command names."""
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(feature, "ray") from error


@contextlib.contextmanager
def connect(address: str | None) -> Iterator[None]:
    """Connect to the cluster at an address, or start one on this machine; raises `ImdbGruError` where none answers."""
    import ray

    try:
        ray.init(address=address or "local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ImdbGruError(f"no Ray cluster answers at {address}: {error}; start one with: ray start --head") from error
    raise_on_sigterm()  # Ray has put a handler of its own in its place
    try:
        yield
    finally:
        ray.shutdown()
