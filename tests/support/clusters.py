"""What tests of clusters share: a Ray cluster of this machine, whose nodes they may kill, and a folder elsewhere."""

import pytest

from support.paths import ROOT

NODE = {"num_cpus": 1, "object_store_memory": 150 * 2**20}
# One that is killed refuses to answer, and is missed within a second; one that is only slow has half a minute.
MISSED = {"health_check_period_ms": 250, "health_check_failure_threshold": 3, "health_check_timeout_ms": 10_000}


@pytest.fixture(scope="session")
def _started():
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # that of the nodes' workers
        head = {**NODE, "num_cpus": 0, "include_dashboard": False, "_system_config": MISSED}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        yield cluster
        cluster.shutdown()


@pytest.fixture
def cluster(_started):
    """Give three nodes of a core each, and a head that does no work."""
    while len(_started.worker_nodes) < 3:
        _started.add_node(**NODE)
    return _started


@pytest.fixture
def remote():
    """A folder at an address, with the local folder's interface."""
    from imdb_gru.cluster.storage import RemotePath

    filesystem = pytest.importorskip("fsspec").filesystem("memory")
    filesystem.mkdirs("/bucket")
    yield RemotePath(filesystem, "/bucket")
    filesystem.rm("/bucket", recursive=True)
