import socket

import pytest

pytest.importorskip("ray")

from imdb_gru.cluster.connection import connect
from imdb_gru.errors import ImdbGruError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's


def test_a_cluster_that_is_not_there_is_told_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    for wrong in (address, "127.0.0.1:99999"):
        with pytest.raises(ImdbGruError, match=f"no Ray cluster answers at {wrong}"), connect(wrong):
            pass
