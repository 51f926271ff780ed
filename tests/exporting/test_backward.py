"""Models that cannot be exported."""

import pytest
from support.models import make_classifier

import imdb_gru


def test_a_model_that_reads_from_the_end_is_refused(tmp_path):
    model = make_classifier()
    text = model.config.text.model_copy(update={"direction": "backward"})
    model.config = model.config.model_copy(update={"text": text})
    with pytest.raises(imdb_gru.RunError, match="reads texts from the end cannot be exported: choose one trained with"):
        imdb_gru.export(model, path=tmp_path / "out")
    assert not list(tmp_path.iterdir())
