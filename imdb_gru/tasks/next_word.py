"""The task of next-word models, which are trained on reviews with or without labels."""

from typing import TYPE_CHECKING, ClassVar

from imdb_gru.config import DataConfig, NextWordConfig
from imdb_gru.corpus.corpus import (
    UNDIVIDED,
    Corpus,
    TrainingReviews,
    hold_reviews,
    load_pretraining_reviews,
    load_reviews,
)
from imdb_gru.errors import DataError
from imdb_gru.events import Observer
from imdb_gru.runs.pretrained import PretrainedWeights
from imdb_gru.runs.run import Run
from imdb_gru.sources.review import Source
from imdb_gru.tasks.task import ChosenReviews, EvaluationOptions, Task

if TYPE_CHECKING:
    from imdb_gru.models.evaluation import NextWordEvaluation
    from imdb_gru.training.next_word.trainer import NextWordTrainer


class NextWordTask(Task):
    """The task of training and evaluating a next-word model."""

    require_labels: ClassVar[bool] = False

    def load_reviews(self, source: Source, config: NextWordConfig) -> TrainingReviews:
        """Read the reviews of all splits except test."""
        return load_pretraining_reviews(source, config)

    def build_trainer(
        self, config: NextWordConfig, corpus: Corpus, pretrained: PretrainedWeights | None
    ) -> "NextWordTrainer":
        """Build a trainer for a next-word model."""
        from imdb_gru.training.next_word.trainer import NextWordTrainer

        return NextWordTrainer(config, corpus, pretrained)

    def summarise(self, config: NextWordConfig, corpus: Corpus) -> tuple[str, int]:
        """Return Keras's summary of the next-word model as text, and the number of parameters."""
        from imdb_gru.training.summary import summarise_next_word_model

        return summarise_next_word_model(config, corpus)

    def estimate_memory(self, config: NextWordConfig, parameters: int, corpus: Corpus) -> int:
        """Return an estimate of the memory needed for training, in bytes."""
        from imdb_gru.training.summary import estimate_next_word_memory

        return estimate_next_word_memory(config, parameters, corpus)

    def choose_split(
        self, run: Run, source: Source, data: DataConfig | None, split: str | None, observer: Observer
    ) -> ChosenReviews:
        """Read a split; None means all reviews in `data`, or the run's validation reviews if `data` is None.

        If `data` contains the reviews that the run was trained on, None also means the run's validation reviews.
        """
        config = run.load_next_word_config()
        if data and split is None:
            reviews = [review for part in source.splits for review in hold_reviews(source, part)]
            if not reviews:
                raise DataError(f"{source.name} has no reviews: choose other data with --data")
            return self.leave_out_training(run, source, ChosenReviews.build(run, UNDIVIDED, reviews), observer)
        split = split or "validation"
        if split == "test" or split in set(source.splits) - {"train"}:
            limit = config.data.limit if data is None else data.limit
            return ChosenReviews.build(run, split, load_reviews(source, split, limit))
        return self.choose_part(run, source, split)

    def evaluate(
        self,
        run: Run,
        chosen: ChosenReviews,
        options: EvaluationOptions,  # noqa: ARG002 - used for classifiers
    ) -> "NextWordEvaluation":
        """Return the perplexity of a next-word model on reviews."""
        from imdb_gru.models.evaluation import evaluate_next_words
        from imdb_gru.models.next_word import NextWordModel

        return evaluate_next_words(NextWordModel.load(run), chosen.split, chosen.reviews)
