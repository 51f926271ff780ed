"""The keys of a config, with their types and defaults."""

from typing import Annotated, ClassVar, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

Truncation = Literal["head", "tail", "middle"]
Pooling = Literal["last", "mean", "max"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
"""All pooling methods."""
Rate = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


CellName = Literal["gru", "lstm", "simple_rnn"]
"""The names in `imdb_gru.cells.CELLS`, repeated here so that checking a config does not import NumPy."""


class Section(BaseModel):
    """A frozen section of a config that rejects unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Where the reviews come from."""

    path: str | None = None
    """The reviews, as for --data; null means $IMDB_GRU_DATA, or, if that is not set, IMDB, which is downloaded."""
    text_column: str | None = None
    """The table column that holds the texts; null looks for common names."""
    label_column: str | None = None
    """The table column that holds the labels; null looks for common names."""
    limit: Count | None = None
    """The maximum number of reviews per split; they are chosen at random, but the choice is always the same."""


class TextConfig(Section):
    """How a text is converted to ids."""

    tokenizer: Literal["words", "keras"] = "words"
    """words splits into words, punctuation marks, emoticons and emoji; keras splits as Keras did to make imdb.npz."""
    vocabulary: Literal["train", "keras"] = "train"
    """train uses the words of the training reviews; keras uses the IMDB word index published by Keras."""
    max_words: Annotated[int, Field(ge=4)] | None = 20000
    """The number of ids, including those for pad, start and unknown, like Keras's num_words; null keeps all words."""
    min_count: Count = 1
    """Words that occur fewer times than this in the training reviews are treated as unknown."""
    length: Count = 500
    """The maximum number of words per review, not counting the start token; longer reviews are cut."""
    truncate: Truncation = "tail"
    """The part of a longer review that is kept: head, tail, or middle, which keeps both ends and cuts the middle."""


class DropoutConfig(Section):
    """Dropout rates, which apply only during training."""

    word: Rate = 0.1
    """The share of words that are replaced with unknown (Iyyer et al. 2015)."""
    embedding: Rate = 0.1
    """The share of embedding channels dropped, the same at all timesteps of a review (Gal and Ghahramani 2016)."""
    recurrent: Rate = 0.0
    """The share of the hidden state that is dropped before the gates, one mask per review (Gal and Ghahramani 2016)."""
    output: Rate = 0.3
    """The share dropped of the pooled hidden state and the dense layers' activations (Srivastava et al. 2014)."""


class EncoderConfig(Section):
    """The layers that a classifier and a next-word model share: embedding and recurrent layers."""

    embedding: Count = 128
    """The size of a word's embedding."""
    cell: CellName = "gru"
    """The recurrent cell."""
    units: Count = 512
    """The number of units in each recurrent layer."""
    layers: Annotated[int, Field(ge=1, le=8)] = 1
    """The number of recurrent layers."""
    dropout: DropoutConfig = DropoutConfig()

    @property
    def brief(self) -> str:
        """Return a short description of the layers."""
        layers = f" ×{self.layers}" if self.layers > 1 else ""
        return f"{self.cell} {self.units}{layers}, embedding {self.embedding}"


class ModelConfig(EncoderConfig):
    """The layers: embedding, cells, pooling of the hidden states, and dense layers."""

    bidirectional: bool = False
    """Whether to process the review backwards as well; if so, there is no probability after each word."""
    pooling: Annotated[list[Pooling], Field(min_length=1)] = list(POOLINGS)
    """How the hidden states are pooled for the dense layers; the results of several methods are concatenated."""
    dense: list[Count] = []
    """The number of units in each ReLU layer before the output."""
    pretrained: str | None = "bundled"
    """The next-word model whose vocabulary, embedding and recurrent weights training starts from.

    It is a run made by 'imdb-gru pretrain', or bundled for the model that comes with the package; null starts from
    random weights.
    """

    @property
    def brief(self) -> str:
        """Return a short description of the model."""
        return f"{'bidirectional ' * self.bidirectional}{super().brief}, {'+'.join(self.pooling)}"


class FitConfig(Section):
    """How the weights of any model are trained, with Adam (Kingma and Ba 2015)."""

    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    """The highest learning rate, reached at the end of the warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate changes after the warm-up: constant, or falling to zero by the end of the last epoch."""
    warmup: Rate = 0.1
    """The share of all batches over which the learning rate rises from zero."""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """The maximum global norm of the gradients (Pascanu et al. 2013)."""
    epochs: Count = 3
    """The number of passes over the training reviews."""
    batch_size: Count = 64
    """The number of reviews in a batch."""
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    """The share of the training reviews for validation, stratified by label; films that the source names stay whole."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """The seed for the initial weights, the order of the reviews, dropout and the choice of validation reviews."""
    engine: Literal["auto", "keras", "fused"] = "auto"
    """What computes the recurrent layers: fused is an engine for GRUs on CPUs; auto uses it where possible."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The precision in which the fused engine multiplies; auto uses bfloat16, which is faster, on CPUs with AMX.

    Sums, gates, hidden states and the weights themselves are float32 either way.
    """
    deterministic: bool = False
    """Whether training on the same machine always gives exactly the same weights; this is somewhat slower."""
    tensorboard: bool = False
    """Whether to write TensorBoard logs into the run; needs the extra 'tensorboard'."""


class TrainConfig(FitConfig):
    """How the weights of a classifier are trained."""

    objective: Literal["last", "every", "linear"] = "last"
    """The timesteps whose probability is trained: last, every, or linear (every, with growing weight)."""
    averaging: Annotated[float, Field(gt=0, lt=1)] | None = 0.99
    """The momentum of the moving average of weights that forms the final model (Polyak and Juditsky 1992)."""
    pretrained_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The learning rate of pretrained weights, as a factor of learning_rate (Howard and Ruder 2018)."""
    adversarial: Annotated[float, Field(gt=0, lt=1)] | None = 0.02
    """The size of adversarial perturbations relative to the embeddings' norm; null means none (Miyato et al. 2017)."""
    virtual: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The size of virtual adversarial perturbations, which need no labels; null means none (Miyato et al. 2017)."""
    unlabelled: bool = False
    """Whether to read the source's unlabelled reviews too, for use by virtual."""
    batches: Literal["bucketed", "shuffled", "padded"] = "bucketed"
    """bucketed batches reviews of similar length together; shuffled does not; padded pads all to text.length."""
    monitor: Literal["accuracy", "loss"] = "accuracy"
    """The validation metric by which the best epoch is chosen."""
    patience: Count | None = None
    """The number of epochs without improvement after which training stops; null trains all epochs."""


class PretrainConfig(FitConfig):
    """How the weights of a next-word model are trained.

    A batch updates only the embeddings of the words in its reviews and of the words that it samples.
    """

    learning_rate: Annotated[float, Field(gt=0)] = 0.003
    """The highest learning rate, reached at the end of the warm-up."""
    epochs: Count = 2
    """The number of passes over the training reviews."""
    warmup: Rate = 0.02
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.01
    timesteps: Count = 50
    """The number of timesteps over which gradients are propagated back (truncated BPTT, Williams and Peng 1990)."""
    samples: Annotated[int, Field(ge=2)] = 1024
    """The number of words in the sampled softmax used in training; validation uses the whole vocabulary."""


class WholeConfig(Section):
    """A complete config for any task."""

    command: ClassVar[str]
    """The command that uses the config."""

    def to_yaml(self) -> str:
        """Return all keys and their values as YAML."""
        return str(yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True))


class Config(WholeConfig):
    """All settings for training a classifier."""

    command: ClassVar[str] = "train"
    model_name: ClassVar[str] = "a classifier"
    question: ClassVar[str] = "predict"
    """The command that applies the model to a text."""

    task: Literal["sentiment"] = "sentiment"
    """The task; sentiment trains a classifier."""
    data: DataConfig = DataConfig()
    text: TextConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()


class NextWordConfig(WholeConfig):
    """All settings for training a next-word model."""

    command: ClassVar[str] = "pretrain"
    model_name: ClassVar[str] = "a next-word model"
    question: ClassVar[str] = "next"

    task: Literal["next_word"] = "next_word"
    """The task; next_word trains a next-word model."""
    data: DataConfig = DataConfig()
    text: TextConfig = TextConfig()
    model: EncoderConfig = EncoderConfig(dropout=DropoutConfig(word=0.0, output=0.1))
    train: PretrainConfig = PretrainConfig()


AnyConfig = Config | NextWordConfig
TaskName = Literal["sentiment", "next_word"]
KINDS: dict[TaskName, type[Config] | type[NextWordConfig]] = {"sentiment": Config, "next_word": NextWordConfig}
"""The config class for each task."""

INHERITED = {
    "text": ("tokenizer", "vocabulary", "max_words", "min_count"),
    "model": ("embedding", "cell", "units", "layers"),
}
"""The keys whose values must match those of the next-word model that a classifier starts from."""


def find_fused_obstacle(model: EncoderConfig) -> str | None:
    """Return why the fused engine cannot compute a model, or None if it can."""
    if model.cell != "gru":
        return f"fused computes GRUs only, and model.cell is {model.cell}"
    if model.dropout.recurrent:
        return f"fused has no recurrent dropout, but model.dropout.recurrent is {model.dropout.recurrent}"
    return None
