"""Store a trained classifier, and the next-word model it started from, in the package, with few bits per weight.

    python scripts/tools/bundle.py runs/classifier

The classifier's logits are divided by the temperature that makes its validation log loss smallest (Guo et al. 2017,
section 4.2), so that its probabilities are calibrated without any extra code. Stored beside it are its errors on the
validation reviews by confidence, by which `predict --max-error` finds its limit, and the digests of one in 16 training
reviews, by which `evaluate` estimates how many of its reviews the model was trained on. Prints the validation figures
before and after calibration and rounding, and the sizes of the files.

The part of its config that prediction needs is stored as JSON as well, because reading it takes less time.

With --refresh, only these parts are written again, for the model in the folder, which is necessary after any change of
the tokenizer:

    IMDB_GRU_DATA=aclImdb_v1.tar.gz python scripts/tools/bundle.py --refresh
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from imdb_gru.corpus.corpus import TrainingReviews, load_training_reviews
from imdb_gru.corpus.digests import SeenReviews, digest_texts
from imdb_gru.errors import RunError
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.evaluation import measure_calibration
from imdb_gru.models.metrics import compute_scores
from imdb_gru.runs.catalogue import BUNDLE, BUNDLED, BundledRun, find_run
from imdb_gru.runs.compact import restore_arrays, save_compact
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import read_arrays
from imdb_gru.sources import open_source
from imdb_gru.system.arrays import Array
from imdb_gru.system.writing import write_atomically

SHARE = 16
"""One in this many training reviews has its digest stored."""


def main() -> None:
    """Bundle the run given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?", help="a complete classifier with model.pretrained")
    parser.add_argument("--folder", type=Path, default=BUNDLE, help="folder to write to [default: the package]")
    parser.add_argument(
        "--refresh", action="store_true", help="write only what stands beside the weights of the folder's model"
    )
    arguments = parser.parse_args()
    target = BundledRun("sentiment", arguments.folder)
    if arguments.refresh == bool(arguments.run):
        parser.error("give either a run or --refresh")
    run = target if arguments.refresh else find_run(arguments.run)
    config = run.load_config()
    if config.model.pretrained is None:
        parser.error(f"{run} started from random weights: bundle a run with model.pretrained")
    training = load_training_reviews(open_source(config.data), config)
    if training.hash != run.load_metrics().data.hash:
        parser.error(f"these are not the reviews that {run} was trained on: choose them with IMDB_GRU_DATA")
    if arguments.refresh:
        target.keep_prediction_config()
        describe(target, training)
        return
    encoder = find_run(Path(config.model.pretrained), "next_word")
    reviews = training.validation
    labels = reviews.labels

    def predict(classifier: Classifier) -> Array:
        return classifier.predict_ids([classifier.encode(review.text).ids for review in reviews])

    def show(name: str, probabilities: Array) -> None:
        scores = compute_scores(labels, probabilities)
        print(f"{name:22} accuracy {scores.accuracy:.4f} log_loss {scores.log_loss:.4f} ece {scores.ece:.4f}")

    probabilities = predict(Classifier.load(run))
    temperature = fit_temperature(labels, probabilities)
    show(f"{len(labels)} validation reviews", probabilities)
    bundle(run, encoder, temperature, arguments.folder)
    show(f"rounded, T = {temperature:.3f}", predict(Classifier.load(target)))
    describe(target, training)
    for path in sorted(arguments.folder.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:>10,} {path.relative_to(arguments.folder)}")


def fit_temperature(labels: NDArray[np.int64], probabilities: Array) -> float:
    """Return the temperature: the divisor of the logits that gives the smallest log loss."""
    p = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
    signed = np.log(p / (1 - p)) * (2 * labels - 1)
    found = minimize_scalar(lambda log_t: np.logaddexp(0, -signed / np.exp(log_t)).mean(), bounds=(-2, 2))
    return float(np.exp(found.x))


def bundle(run: Run, encoder: Run, temperature: float, folder: Path) -> None:
    """Write both runs."""
    targets = BundledRun("next_word", folder), BundledRun("sentiment", folder)
    for source, target in zip((encoder, run), targets, strict=True):
        target.path.mkdir(parents=True, exist_ok=True)
        config = source.load_any_config()
        data = config.data.model_copy(update={"path": None})
        changes: dict[str, object] = {"data": data}
        if config.model.pretrained:
            changes["model"] = config.model.model_copy(update={"pretrained": BUNDLED})
        target.write_text(target.config_path, config.model_copy(update=changes).to_yaml())
    targets[1].keep_prediction_config()
    run.load_vocabulary().save(targets[0].vocabulary_path)
    with read_arrays(encoder) as stored:
        start = list(stored)
    base = write(targets[0], start)
    with read_arrays(run) as stored:
        arrays = list(stored)
    inherited = 1 + 3 * run.load_config().model.layers
    kept = [np.array_equal(array, before) for array, before in zip(arrays[:inherited], start, strict=False)]
    arrays[-2:] = [array / np.float32(temperature) for array in arrays[-2:]]
    write(targets[1], arrays, base[:inherited], kept)
    for source, target in zip((encoder, run), targets, strict=True):
        metrics = source.load_metrics()
        figures = {key: value for key, value in metrics.to_dict().items() if key not in ("format", "files")}
        if metrics.data.source:
            figures["data"]["source"] = Path(metrics.data.source).name
        target.seal({**figures, "temperature": temperature} if source is run else figures)


def describe(target: Run, reviews: TrainingReviews) -> None:
    """Write the digests of a part of a bundled classifier's reviews, and its errors on the validation reviews."""
    figures = {key: value for key, value in target.load_metrics().to_dict().items() if key not in ("format", "files")}
    text, vocabulary = target.load_config().text, target.load_vocabulary()
    parts = ((review.text for review in part) for part in (reviews.train, reviews.validation))
    target.keep_seen(SeenReviews.build(*(digest_texts(texts, text, vocabulary) for texts in parts)).thin(SHARE))
    target.calibration_path.unlink(missing_ok=True)
    target.seal(figures)
    classifier = Classifier.load(target)
    sequences = [classifier.encode(review.text).ids for review in reviews.validation]
    calibration = measure_calibration(classifier, sequences, reviews.validation.labels)
    if calibration is None:
        raise RunError("the validation reviews have no words that the model knows")
    target.keep_calibration(calibration, figures)
    print(f"with a maximum error of 5 %: {calibration.find_limit(0.05)}")


def write(run: Run, arrays: Sequence[Array], base: Sequence[Array] = (), kept: Sequence[bool] = ()) -> list[Array]:
    """Write a run's weights; return them as loaded from the file."""
    with write_atomically(run.weights_path) as temporary:
        save_compact(temporary, arrays, base, kept)
    with np.load(run.weights_path) as stored:
        return restore_arrays(stored, base)


if __name__ == "__main__":
    main()
