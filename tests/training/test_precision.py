import numpy as np
import pytest
from support.sessions import on_epoch, open_session

from imdb_gru.config import NextWordConfig, build_config, load_config
from imdb_gru.engine.bfloat16.unit import find_bfloat16_obstacle
from imdb_gru.errors import ConfigError

pytestmark = pytest.mark.keras
OBSTACLE = find_bfloat16_obstacle()
needs_bfloat16 = pytest.mark.skipif(OBSTACLE is not None, reason=f"{OBSTACLE}")


@pytest.mark.parametrize(
    ("train", "engine", "obstacle", "precision"),
    [
        ({"precision": "float32"}, "fused", None, "float32"),
        ({}, "fused", None, "bfloat16"),
        ({"precision": "auto"}, "fused", "this CPU has neither AMX nor AVX512_BF16", "float32"),
        ({"precision": "auto"}, "keras", None, "float32"),
        ({"precision": "bfloat16"}, "fused", None, "bfloat16"),
    ],
)
def test_auto_takes_bfloat16_where_it_applies(monkeypatch, train, engine, obstacle, precision):
    from imdb_gru.training import model

    monkeypatch.setattr(model, "find_bfloat16_obstacle", lambda: obstacle)
    assert model.choose_precision(build_config({"train": train}, "test"), engine) == precision


@pytest.mark.parametrize(
    ("engine", "obstacle", "message"),
    [
        ("fused", "this CPU has neither", "this CPU has neither; set it to auto or float32"),
        ("keras", None, "only the fused engine computes bfloat16 products; set it to auto or float32"),
    ],
)
def test_bfloat16_is_refused_where_it_cannot_be(monkeypatch, engine, obstacle, message):
    from imdb_gru.training import model

    monkeypatch.setattr(model, "find_bfloat16_obstacle", lambda: obstacle)
    with pytest.raises(ConfigError, match=f"train.precision: {message}"):
        model.choose_precision(build_config({"train": {"precision": "bfloat16"}}, "test"), engine)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train": {"engine": "keras"}}, "bfloat16 needs train.engine fused, got keras; set it to float32"),
        ({"model": {"cell": "lstm"}}, "fused computes only GRUs, and model.cell is lstm; set it to float32"),
    ],
)
def test_a_config_at_odds_with_bfloat16_is_refused(values, message):
    values.setdefault("train", {})["precision"] = "bfloat16"
    with pytest.raises(ConfigError, match=rf"train\.precision: .*{message}"):
        build_config(values, "test")


def test_a_next_word_model_takes_bfloat16_by_itself():
    assert NextWordConfig().train.precision == "auto"


@needs_bfloat16
def test_both_ways_are_read_in_bfloat16():
    from imdb_gru.training.layers import FusedGRU, keras

    layer = FusedGRU(5, precision="bfloat16", return_sequences=True)
    both = keras.layers.Bidirectional(layer)
    assert both.forward_layer.precision == "bfloat16"
    assert both.backward_layer.precision == "bfloat16"
    x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("f")
    plain = keras.layers.Bidirectional(keras.layers.GRU(5, return_sequences=True))
    for twin in (both, plain):
        twin.build(x.shape)
    plain.set_weights(both.get_weights())
    np.testing.assert_allclose(both(x), plain(x), atol=2e-2)


def train_next_word(folder, precision):
    overrides = {
        "data.path": "sample", "data.limit": 300, "model.embedding": 33, "model.units": 50, "train.epochs": 2,
        "train.timesteps": 20, "train.batch_size": 40, "train.learning_rate": 0.01, "train.samples": 200,
        "train.validation_split": 0.1, "train.precision": precision,
    }  # fmt: skip
    session, records = open_session(folder / precision, load_config("pretrain", overrides, NextWordConfig)), []
    metrics = session.train(on_epoch(records.append))
    return records, metrics.environment["precision"]


@needs_bfloat16
def test_a_next_word_models_loss_falls_alike_with_both(tmp_path):
    exact, other = train_next_word(tmp_path, "float32")
    rounded, chosen = train_next_word(tmp_path, "auto")
    assert (other, chosen) == ("float32", "bfloat16")
    assert rounded[-1].validation_loss < rounded[0].validation_loss < rounded[0].loss
    for one, two in zip(exact, rounded, strict=True):
        assert one.loss == pytest.approx(two.loss, abs=0.02)
        assert one.validation_loss == pytest.approx(two.validation_loss, abs=0.02)
