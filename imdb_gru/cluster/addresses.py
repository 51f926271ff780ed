"""The exchange of addresses between the workers of a training run.

Ray's own backend is not used, because it would load TensorFlow before a worker has limited its number of threads.
"""

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

import ray
from ray.train.backend import Backend, BackendConfig


class Places(BackendConfig):  # type: ignore[misc]
    """A Ray Train backend that sends every worker the addresses of all workers."""

    @property
    def backend_cls(self) -> type[Backend]:
        """Return the class that sends the addresses to the workers."""
        return _Teller


class _Teller(Backend):  # type: ignore[misc]
    def on_start(self, worker_group: Any, backend_config: BackendConfig) -> None:  # noqa: ARG002 - Ray's signature
        """Collect the addresses and send them to all workers; Ray calls this once the workers have started."""
        places = worker_group.execute(find_place)
        ray.get([worker_group.execute_single_async(rank, set_place, places, rank) for rank in range(len(places))])


def find_place() -> str:
    """Return this node's IP address and a free port, as `HOST:PORT`."""
    host = ray.util.get_node_ip_address()
    six = ":" in host
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET) as free:
        free.bind(("", 0))
        return f"{f'[{host}]' if six else host}:{free.getsockname()[1]}"


def set_place(places: Sequence[str], rank: int) -> None:
    """Configure TensorFlow with the addresses of all workers and this worker's rank."""
    task = {"type": "worker", "index": rank}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": places}, "task": task})
