import os
import signal

import pytest

from imdb_gru.comparison import processes
from imdb_gru.comparison.contestants import build_contestants
from imdb_gru.config import build_config
from imdb_gru.errors import ImdbGruError, RunError


def tell_of_ctrl_c(sender, config, path):
    sender.send("deaf" if signal.getsignal(signal.SIGINT) == signal.SIG_IGN else "hears")


def die(sender, config, path):
    os._exit(3)


@pytest.fixture
def linear(tmp_path):
    (contestant,) = build_contestants(build_config({}, "test"), ["linear"], 1, tmp_path)
    return contestant


def test_the_fit_leaves_ctrl_c_to_us(monkeypatch, linear):
    monkeypatch.setattr(processes, "_fit", tell_of_ctrl_c)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ImdbGruError, match=r"^deaf$"):
        processes.train_contestant(linear, "new")
    assert signal.getsignal(signal.SIGINT) == before


def test_a_fit_that_dies_is_told(monkeypatch, linear):
    monkeypatch.setattr(processes, "_fit", die)
    with pytest.raises(RunError, match=r"linear-0 died \(exit code 3\).*set data\.limit"):
        processes.train_contestant(linear, "new")
