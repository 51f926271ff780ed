import numpy as np
import pytest

from imdb_gru.training.classifier.output_layer import PENALTY, fit_output_layer


@pytest.fixture
def features():
    rng = np.random.default_rng(3)
    labels = np.arange(60) % 2
    return (rng.normal(0, 2, (60, 9)) + labels[:, None] * rng.normal(0, 1, 9) + 5).astype("f"), labels.astype("i1")


def test_it_is_the_ridge_regression_of_scikit_learn(features):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, labels = features
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=1000)).fit(x, labels)
    kernel, bias = fit_output_layer(x, labels)
    assert kernel.shape == (9, 1)
    assert kernel.dtype == bias.dtype == np.float32
    np.testing.assert_allclose((x @ kernel + bias)[:, 0], judge.decision_function(x), atol=1e-4)


def test_a_feature_that_never_changes_does_no_harm(features):
    x, labels = features
    x[:, 0] = 7
    kernel, _ = fit_output_layer(x, labels)
    assert np.isfinite(kernel).all()


def test_a_feature_that_hardly_changes_gets_no_large_weight(features):
    x, labels = features
    x[:, 0] = np.where(labels, 1 - 1e-6, 1)
    kernel, _ = fit_output_layer(x, labels)
    assert abs(kernel[0, 0]) < np.abs(kernel[1:, 0]).max()
