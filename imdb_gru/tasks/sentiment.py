"""The task of classifiers, which are trained on labelled reviews."""

from typing import TYPE_CHECKING, ClassVar

from imdb_gru.config import Config, DataConfig
from imdb_gru.corpus.corpus import UNDIVIDED, Corpus, TrainingReviews, load_reviews, load_training_reviews
from imdb_gru.events import Notice, Observer
from imdb_gru.runs.pretrained import PretrainedWeights
from imdb_gru.runs.run import Run
from imdb_gru.sources.review import Source
from imdb_gru.tasks.task import ChosenReviews, EvaluationOptions, Task

if TYPE_CHECKING:
    from imdb_gru.models.evaluation import Evaluation
    from imdb_gru.training.classifier.trainer import ClassifierTrainer


class SentimentTask(Task):
    """The task of training and evaluating a classifier."""

    require_labels: ClassVar[bool] = True

    def load_reviews(self, source: Source, config: Config) -> TrainingReviews:
        """Read labelled reviews."""
        return load_training_reviews(source, config)

    def build_trainer(
        self, config: Config, corpus: Corpus, pretrained: PretrainedWeights | None
    ) -> "ClassifierTrainer":
        """Build a trainer for a classifier."""
        from imdb_gru.training.classifier.trainer import ClassifierTrainer

        return ClassifierTrainer(config, corpus, pretrained)

    def summarise(self, config: Config, corpus: Corpus) -> tuple[str, int]:
        """Return Keras's summary of the classifier as text, and the number of parameters."""
        from imdb_gru.training.summary import summarise_model

        return summarise_model(config, corpus)

    def estimate_memory(self, config: Config, parameters: int, corpus: Corpus) -> int:
        """Return an estimate of the memory needed for training, in bytes."""
        from imdb_gru.training.summary import estimate_memory

        return estimate_memory(config, parameters, corpus)

    def choose_split(
        self, run: Run, source: Source, data: DataConfig | None, split: str | None, observer: Observer
    ) -> ChosenReviews:
        """Read a split; None means the test split if there is one.

        Without a test split, None means all reviews in `data`, or only the run's held-out reviews if `data` is None or
        contains the reviews that the run was trained on.
        """
        config = run.load_config()
        limit = config.data.limit if data is None else data.limit
        if split is None and "test" in source.splits:
            split = "test"
        if split is None and data is None:
            part = self.choose_part(run, source, None)
            if part.split == "validation":
                observer(Notice(f"{source.name} has no test split, so the validation reviews are used"))
            return part
        if split is None:
            split = UNDIVIDED if UNDIVIDED in source.splits else source.splits[-1]
            chosen = ChosenReviews.build(run, split, load_reviews(source, split, limit))
            return self.leave_out_training(run, source, chosen, observer)
        if split == "train" or (split not in source.splits and (split == "validation" or config.data.test_split)):
            return self.choose_part(run, source, split)
        return ChosenReviews.build(run, split, load_reviews(source, split, limit))

    def evaluate(self, run: Run, chosen: ChosenReviews, options: EvaluationOptions) -> "Evaluation":
        """Return all metrics of a classifier on labelled reviews."""
        from imdb_gru.models.classifier import Classifier
        from imdb_gru.models.evaluation import build_evaluation, predict_reviews

        if options.classifier is None:
            classifier = Classifier.load(run, options.threshold, options.precision)
        else:
            classifier = options.classifier.adapt(options.threshold, options.precision)
        predicted = predict_reviews(classifier, chosen.reviews, options.max_error)
        return build_evaluation(
            str(run), chosen.split, predicted, options.errors, seen=chosen.seen, caveat=chosen.caveat
        )
