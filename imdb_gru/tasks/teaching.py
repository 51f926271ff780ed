"""Teaching: finding the soft targets for a training run, either in the resumed run or by asking the teachers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imdb_gru.config import Config
from imdb_gru.corpus.corpus import Corpus, TrainingReviews
from imdb_gru.corpus.crops import balance, make_crops
from imdb_gru.corpus.soft_targets import SoftTargets
from imdb_gru.errors import RunError
from imdb_gru.events import Notice, Observer
from imdb_gru.models.teachers import Teacher, ask_teachers, check_held_out, find_teachers
from imdb_gru.runs.run import Run
from imdb_gru.system.wording import count_noun


@dataclass(frozen=True)
class Teaching:
    """The soft targets stored in a resumed run, or else the teachers to ask."""

    config: Config
    teachers: Sequence[Teacher]
    kept: SoftTargets | None
    ask: bool
    """Whether to ask the teachers for their predictions; if False, only check that they can be used."""

    @classmethod
    def prepare(cls, config: Config, resumed: Run | None, *, ask: bool) -> "Teaching | None":
        """Find the resumed run's soft targets or else the config's teachers; return None if the config has no teachers.

        Call this before the reviews are read. Raises `ConfigError` or `RunError` if a teacher cannot be used.
        """
        if not config.train.teachers:
            return None
        kept = resumed.load_soft_targets() if resumed else None
        return cls(config, [] if kept else find_teachers(config.train), kept, ask)

    def cut_crops(self, reviews: TrainingReviews) -> TrainingReviews:
        """Return the reviews, with crops of the training reviews if `train.crops` asks for any."""
        count = self.config.train.crops
        return replace(reviews, crops=make_crops(reviews.train, count)) if count else reviews

    def apply(self, corpus: Corpus, reviews: TrainingReviews, observer: Observer) -> Corpus:
        """Return the corpus with soft targets for its training reviews.

        Raises `DataError` if a teacher was trained on the held-out reviews, and `RunError` if the resumed run's soft
        targets are for different reviews.
        """
        if self.kept:
            if self.kept.reviews != corpus.statistics.hash:
                raise RunError(
                    f"the run's teachers were not asked about the reviews in {corpus.statistics.source}: choose the "
                    "original reviews with --data"
                )
            return _teach(corpus, self.kept)
        check_held_out(self.teachers, reviews, corpus, self.config)
        names = ", ".join(teacher.name for teacher in self.teachers)
        crops = corpus.statistics.crops
        texts = count_noun(len(reviews.train), "training review") + f" and {count_noun(crops, 'crop')}" * bool(crops)
        asking = f"{count_noun(len(self.teachers), 'teacher')} about {texts}"
        if not self.ask:
            observer(Notice(f"training would ask {asking}: {names}"))
            return corpus
        observer(Notice(f"asking {asking}: {names}"))
        probabilities = ask_teachers(self.teachers, reviews.taught, self.config.text)
        if crops:
            reviewed, labels = len(reviews.train), np.repeat(reviews.train.labels, self.config.train.crops)
            lengths = corpus.train.lengths[-crops:]
            probabilities[reviewed:] = balance(probabilities[reviewed:], labels, lengths)
        records = tuple(teacher.record for teacher in self.teachers)
        return _teach(corpus, SoftTargets(probabilities, records, corpus.statistics.hash))


def _teach(corpus: Corpus, targets: SoftTargets) -> Corpus:
    return replace(corpus, train=replace(corpus.train, soft_targets=targets))
