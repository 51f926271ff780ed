"""How the workers of a training find one another; Ray has this too, but would load TensorFlow in every process."""

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

import ray
from ray.train.backend import Backend, BackendConfig


class Places(BackendConfig):  # type: ignore[misc]
    """Have every worker know the places of all."""

    @property
    def backend_cls(self) -> type[Backend]:
        """Return what does so."""
        return _Teller


class _Teller(Backend):  # type: ignore[misc]
    def on_start(self, worker_group: Any, backend_config: BackendConfig) -> None:  # noqa: ARG002 - Ray's signature
        """Ray calls it once the workers are there."""
        places = worker_group.execute(find_place)
        ray.get([worker_group.execute_single_async(rank, set_place, places, rank) for rank in range(len(places))])


def find_place() -> str:
    """Return this node's address with a port that is free."""
    host = ray.util.get_node_ip_address()
    six = ":" in host
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET) as free:
        free.bind(("", 0))
        return f"{f'[{host}]' if six else host}:{free.getsockname()[1]}"


def set_place(places: Sequence[str], rank: int) -> None:
    """Name to TensorFlow the places of all workers, and this one's among them."""
    task = {"type": "worker", "index": rank}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": places}, "task": task})
