import math

import numpy as np
import pytest
from support.next_word_runs import WORDS, build_next_word_config, draw_arrays

from imdb_gru.cells.next_word import TILE_IDS, TILE_ROWS, NextWordNetwork
from imdb_gru.errors import RunError
from imdb_gru.models.evaluation import evaluate_next_words
from imdb_gru.models.next_word import NextWordModel, Sampling, choose_likeliest, compute_perplexity
from imdb_gru.runs.weights import list_stock, save_arrays
from imdb_gru.sources.review import Review
from imdb_gru.text.vocabulary import END_TOKEN, PAD, START, UNKNOWN, UNKNOWN_TOKEN

TEXT = "w3 w1 w4 w1 w5 nonsense w2"


@pytest.fixture
def model(make_next_word_run):
    return NextWordModel.load(make_next_word_run())


@pytest.mark.keras
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["gru", "lstm", "simple_rnn"])
def test_probabilities_are_those_of_keras(make_next_word_run, tmp_path, cell, layers):
    from imdb_gru.training import keras
    from imdb_gru.training.next_word.model import build_stock_model

    run = make_next_word_run(cell=cell, layers=layers)
    config = run.load_next_word_config()
    stock = build_stock_model(config.model, WORDS + 3)
    stock.set_weights(list_stock(draw_arrays(config, WORDS + 3)))
    stock.save(tmp_path / "model.keras")
    opened = keras.models.load_model(tmp_path / "model.keras")
    model = NextWordModel.load(run)
    ids = model.encode(TEXT).ids
    expected = opened.predict(ids[None], verbose=0)[0]
    probabilities = np.exp(model.predict(ids))
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert (probabilities[:, PAD] == 0).all()
    assert np.ptp(probabilities) > 0.05
    np.testing.assert_allclose(np.exp(model.predict_last(ids)), expected[-1], atol=1e-5)


@pytest.mark.keras
def test_a_trained_runs_own_model_says_the_same(next_word_run):
    from imdb_gru.training import keras

    opened, model = keras.models.load_model(next_word_run.model_path), NextWordModel.load(next_word_run)
    ids = model.encode("The first half is funny, but the rest is a mess. zxcv").ids
    np.testing.assert_allclose(np.exp(model.predict(ids)), opened.predict(ids[None], verbose=0)[0], atol=1e-5)


@pytest.mark.keras
def test_the_perplexity_is_that_of_the_training(next_word_run):
    from imdb_gru.corpus.corpus import load_pretraining_reviews
    from imdb_gru.sources.sample import SampleSource

    model, best = NextWordModel.load(next_word_run), next_word_run.load_metrics().best
    held_out = load_pretraining_reviews(SampleSource(), model.config).validation
    figures = evaluate_next_words(model, "validation", held_out)
    assert figures.loss == pytest.approx(best.validation_loss, abs=1e-4)
    assert figures.perplexity == pytest.approx(best.validation_perplexity, rel=1e-4)
    assert figures.n == len(held_out) > 0


def test_losses_of_many_are_those_of_each_alone(model):
    rng = np.random.default_rng(1)
    sequences = [
        np.array([START, *rng.integers(UNKNOWN, WORDS + 3, length)], dtype=np.int32) for length in (0, 3, 20, 3, 1)
    ]
    sums = np.empty(len(sequences))
    for rows, losses in model.iter_losses(sequences):
        sums[rows] = losses
    for ids, found in zip(sequences, sums, strict=True):
        targets = [*ids[1:], START]
        assert found == pytest.approx(-model.predict(ids)[np.arange(len(ids)), targets].sum(), abs=1e-4)


def test_losses_are_summed_over_all_tiles():
    rng, size = np.random.default_rng(0), 2 * TILE_IDS + 7
    bias = rng.normal(0, 3, size).astype("f")
    bias[PAD] = -np.inf
    network = NextWordNetwork(rng.normal(size=(size, 4)).astype("f"), [], *np.zeros((2, 4), "f"), bias)
    queries = rng.normal(0, 5, (TILE_ROWS + 3, 4)).astype("f")
    targets = rng.integers(1, size, len(queries)).astype(np.int32)
    expected = -network.compute_log_probabilities(queries)[np.arange(len(queries)), targets]
    np.testing.assert_allclose(network.compute_losses(queries, targets), expected, rtol=1e-4, atol=1e-4)


def test_every_timestep_tells_what_came_and_what_was_likely(model):
    text = model.encode(TEXT)
    steps, perplexity = model.follow(text, 4)
    log_probabilities = model.predict(text.ids)
    assert [step.token for step in steps] == ["<start>", *TEXT.split()]
    assert [step.next_token for step in steps] == [*TEXT.split(), None]
    assert (steps[-1].rank, steps[-1].probability) == (None, None)
    for step, target, row in zip(steps, text.ids[1:], log_probabilities, strict=False):
        assert step.probability == pytest.approx(math.exp(row[target]), rel=1e-5)
        assert step.rank == 1 + (row > row[target]).sum()
        assert [p for _, p in step.likeliest] == pytest.approx(sorted(np.exp(row), reverse=True)[:4], rel=1e-5)
    losses = [-math.log(step.probability) for step in steps[:-1]]
    assert perplexity == pytest.approx(math.exp(np.mean(losses)), rel=1e-5)


def test_a_text_without_words_has_no_perplexity_but_a_next_word(model):
    steps, perplexity = model.follow(model.encode(""), 3)
    assert perplexity is None
    assert [step.token for step in steps] == ["<start>"]
    assert len(steps[0].likeliest) == 3


def test_all_that_can_come_next_is_listed_once(model):
    candidates = model.find_likeliest(model.predict_last(model.encode(TEXT).ids), 1000)
    assert len(candidates) == model.choices == WORDS + 2
    tokens = {candidate.token for candidate in candidates}
    assert tokens == {END_TOKEN, UNKNOWN_TOKEN, *model.vocabulary.words}
    assert sum(candidate.probability for candidate in candidates) == pytest.approx(1, abs=1e-5)


def test_equally_likely_ids_stand_in_their_order():
    assert choose_likeliest(np.array([-3, -1, -2, -1, -2], "f"), 4).tolist() == [1, 3, 2, 4]


def test_the_likeliest_words_are_those_that_read_as_such(model):
    ids = model.encode(TEXT).ids
    generated = list(model.generate(ids, 12, Sampling(temperature=0)))
    for token, probability in generated:
        row = model.predict_last(ids)
        row[UNKNOWN] = -np.inf
        assert token == model.vocabulary.name_next(int(row.argmax()))
        assert probability == pytest.approx(math.exp(row.max()), rel=1e-4)
        ids = np.append(ids, row.argmax()).astype(np.int32)
    assert len(generated) == 12 or model.predict_last(ids).argmax() in (START, UNKNOWN)


@pytest.mark.parametrize("cell", ["gru", "lstm", "simple_rnn"])
def test_what_is_written_follows_the_seed_and_holds_nothing_unknown(make_next_word_run, cell):
    model = NextWordModel.load(make_next_word_run(cell=cell, layers=2))
    ids = model.encode(TEXT).ids
    texts = [list(model.generate(ids, 300, Sampling(seed=seed))) for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    assert {token for text in texts for token, _ in text} <= set(model.vocabulary.words)


def test_words_are_drawn_as_often_as_the_model_says(model):
    ids = model.encode(TEXT).ids
    expected = np.exp(model.predict_last(ids))
    expected[UNKNOWN] = 0
    drawn = [list(model.generate(ids, 1, Sampling(seed=seed))) for seed in range(1500)]
    counts = dict.fromkeys(model.vocabulary.words, 0)
    for text in drawn:
        for token, _ in text:
            counts[token] += 1
    shares = np.array(list(counts.values())) / len(drawn)
    np.testing.assert_allclose(shares, expected[3:] / expected.sum(), atol=0.04)
    assert shares.max() > 0.05


@pytest.mark.parametrize("sampling", [Sampling(temperature=1e-300), Sampling(top=1), Sampling(temperature=0, top=5)])
def test_a_low_temperature_and_a_single_choice_take_the_likeliest(model, sampling):
    ids = model.encode(TEXT).ids
    assert list(model.generate(ids, 8, sampling)) == list(model.generate(ids, 8, Sampling(temperature=0)))


def test_only_the_top_words_are_written(model):
    ids = model.encode("").ids
    row = model.predict_last(ids)
    row[UNKNOWN] = -np.inf
    allowed = {model.vocabulary.name_next(id) for id in choose_likeliest(row, 3).tolist()}
    first = [list(model.generate(ids, 1, Sampling(temperature=5, top=3, seed=seed))) for seed in range(60)]
    assert {text[0].token if text else END_TOKEN for text in first} == allowed


def test_the_end_of_the_review_ends_the_writing(make_next_word_run):
    run = make_next_word_run()
    arrays = draw_arrays(run.load_next_word_config(), WORDS + 3)
    arrays[-1][START] = 50
    save_arrays(run, arrays)
    model = NextWordModel.load(run)
    assert model.find_likeliest(model.predict_last(model.encode("w1").ids), 1)[0].token == END_TOKEN
    assert list(model.generate(model.encode("w1").ids, 5, Sampling())) == []


def test_weights_that_do_not_fit_are_told(make_next_word_run):
    run = make_next_word_run()
    config = build_next_word_config(model={"embedding": 5, "units": 6})
    save_arrays(run, draw_arrays(config, WORDS + 2))
    with pytest.raises(RunError, match="is damaged: its model has 32 embeddings"):
        NextWordModel.load(run)
    save_arrays(run, draw_arrays(config, WORDS + 3)[:3])
    with pytest.raises(RunError, match="has no weights that fit its config"):
        NextWordModel.load(run)


def test_a_hopeless_loss_is_a_number():
    assert compute_perplexity(math.log(20)) == pytest.approx(20)
    assert math.isfinite(compute_perplexity(1e6))


def test_the_reviews_judged_are_counted_with_their_ends(model):
    figures = evaluate_next_words(model, "test", [Review("w1 w2", None), Review("", None), Review("w3", 1)])
    assert (figures.n, figures.words) == (3, 6)
    assert figures.perplexity == pytest.approx(math.exp(figures.loss))
