"""The task of classifiers, which are trained on labelled reviews."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from imdb_gru.config import Config, DataConfig
from imdb_gru.corpus.corpus import UNDIVIDED, Corpus, TrainingReviews, load_reviews, load_training_reviews
from imdb_gru.events import Notice, Observer
from imdb_gru.runs.pretrained import PretrainedWeights, load_pretrained
from imdb_gru.runs.run import Run
from imdb_gru.sources import open_run_source
from imdb_gru.sources.review import Review, Source
from imdb_gru.tasks.task import Reviews, Task

if TYPE_CHECKING:
    from imdb_gru.models.evaluation import Evaluation
    from imdb_gru.training.classifier.trainer import ClassifierTrainer


class SentimentTask(Task):
    """The task of training and evaluating a classifier."""

    require_labels: ClassVar[bool] = True

    def load_reviews(self, source: Source, config: Config) -> TrainingReviews:
        """Read labelled reviews."""
        return load_training_reviews(source, config)

    def load_pretrained(self, config: Config) -> PretrainedWeights | None:
        """Load the weights of the next-word run named by `model.pretrained`; return None if it is null."""
        return load_pretrained(config)

    def build_trainer(
        self, config: Config, corpus: Corpus, pretrained: PretrainedWeights | None
    ) -> "ClassifierTrainer":
        """Build a trainer for a classifier."""
        from imdb_gru.training.classifier.trainer import ClassifierTrainer

        return ClassifierTrainer(config, corpus, pretrained)

    def summarise(self, config: Config, corpus: Corpus) -> tuple[str, int]:
        """Return Keras's summary of the classifier as text, and its number of parameters."""
        from imdb_gru.training.summary import summarise_model

        return summarise_model(config, corpus)

    def estimate_memory(self, config: Config, parameters: int, corpus: Corpus) -> int:
        """Return an estimate of the memory needed for training, in bytes."""
        from imdb_gru.training.summary import estimate_memory

        return estimate_memory(config, parameters, corpus)

    def choose_reviews(self, run: Run, data: DataConfig | None, split: str | None, observer: Observer) -> Reviews:
        """Read a split; the default is test, or the validation reviews if the run's data has no test split."""
        config = run.load_config()
        source = open_run_source(str(run), config.data, data)
        if split is None:
            if "test" in source.splits:
                split = "test"
            elif data is None:
                split = "validation"
                observer(Notice(f"{source.name} has no test split, so the validation reviews are used"))
            else:
                split = UNDIVIDED if UNDIVIDED in source.splits else source.splits[-1]
        if split in (UNDIVIDED, "test") or (split == "validation" and split in source.splits):
            return split, load_reviews(source, split, config.data.limit if data is None else data.limit)
        return split, [review for review in self.choose_part(run, source, split) if review.label is not None]

    def evaluate(
        self, run: Run, split: str, reviews: Sequence[Review], errors: int, max_error: float | None
    ) -> "Evaluation":
        """Return all metrics of a classifier on labelled reviews."""
        from imdb_gru.models.classifier import Classifier
        from imdb_gru.models.evaluation import evaluate_reviews

        return evaluate_reviews(Classifier.load(run), split, reviews, errors, max_error)
