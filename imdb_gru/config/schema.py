"""The keys of a config, with their types and all defaults."""

from typing import Annotated, ClassVar, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

Truncation = Literal["head", "tail", "middle"]
Pooling = Literal["last", "mean", "max"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
"""All poolings."""
Rate = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


CellName = Literal["gru", "lstm", "simple_rnn"]
"""The names in `imdb_gru.cells.CELLS`, repeated here so that checking a config does not import NumPy."""


class Section(BaseModel):
    """A frozen section of a config, in which unknown keys and wrong types are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Where the reviews come from."""

    path: str | None = None
    """The reviews, as for --data; null is $IMDB_GRU_DATA, or if that is not set, IMDB, which is downloaded."""
    text_column: str | None = None
    """The column of a table that holds the texts; null looks for the common names."""
    label_column: str | None = None
    """The column of a table that holds the labels; null looks for the common names."""
    limit: Count | None = None
    """The maximum number of reviews of each split; they are drawn at random, and are always the same."""


class TextConfig(Section):
    """How a text is converted to ids."""

    tokenizer: Literal["words", "keras"] = "words"
    """words splits into words, punctuation marks and emoji; keras splits as Keras did for imdb.npz."""
    vocabulary: Literal["train", "keras"] = "train"
    """train uses the words of the training reviews; keras uses the IMDB word index that Keras publishes."""
    max_words: Annotated[int, Field(ge=4)] | None = 20000
    """The number of ids, including pad, start and unknown, like Keras's num_words; null keeps all words."""
    min_count: Count = 1
    """Words that occur less often in the training reviews are unknown."""
    length: Count = 500
    """The maximum number of words of a review, without the start token; longer reviews are cut."""
    truncate: Truncation = "tail"
    """The part that is kept of a longer review: head, tail, or middle, which keeps both ends and cuts the middle."""


class DropoutConfig(Section):
    """Dropout rates, which apply only in training."""

    word: Rate = 0.1
    """The share of words that are replaced by unknown (Iyyer et al. 2015)."""
    embedding: Rate = 0.1
    """The share of embedding channels, the same at all timesteps of a review (Gal and Ghahramani 2016)."""
    recurrent: Rate = 0.0
    """The share of the hidden state that is dropped before the gates, one mask per review (Gal and Ghahramani 2016)."""
    output: Rate = 0.3
    """The share of the pooled hidden state and of the activations of dense layers (Srivastava et al. 2014)."""


class EncoderConfig(Section):
    """The layers that a classifier and a next-word model share: embedding and recurrent layers."""

    embedding: Count = 128
    """The size of the embedding of a word."""
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
    """The layers: embedding, cells, pooling of the hidden states, dense."""

    bidirectional: bool = False
    """Whether to process the review backwards as well; there is then no probability after each word."""
    pooling: Annotated[list[Pooling], Field(min_length=1)] = list(POOLINGS)
    """How the hidden states are pooled for the dense layers; several poolings are concatenated."""
    dense: list[Count] = []
    """The units of each ReLU layer before the output."""
    pretrained: str | None = "bundled"
    """The next-word model whose vocabulary, embedding and recurrent weights the training starts from.

    It is a run of 'imdb-gru pretrain', or bundled for the model in the package; null starts from random weights.
    """

    @property
    def brief(self) -> str:
        """Return a short description of the model."""
        return f"{'bidirectional ' * self.bidirectional}{super().brief}, {'+'.join(self.pooling)}"


class FitConfig(Section):
    """How the weights of any model are trained, with Adam (Kingma and Ba 2015)."""

    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    """The highest learning rate, which is reached at the end of the warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate falls to zero over all epochs after the warm-up."""
    warmup: Rate = 0.1
    """The share of all batches in which the learning rate rises from zero."""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """The maximum global norm of the gradients (Pascanu et al. 2013)."""
    epochs: Count = 3
    """The number of passes over the training reviews."""
    batch_size: Count = 64
    """The number of reviews in a batch."""
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    """Share of the training reviews for validation: stratified by label, whole films if the source names them."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides the initial weights, the order of the reviews, dropout and the choice of validation reviews."""
    engine: Literal["auto", "keras", "fused"] = "auto"
    """What computes the recurrent layers: fused is an engine for GRUs on CPUs; auto uses it wherever it can."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The numbers that the fused engine multiplies; auto uses bfloat16, which is faster, on CPUs with AMX.

    Sums, gates, hidden states and the weights themselves are float32 either way.
    """
    deterministic: bool = False
    """Whether to train exactly the same weights each time on the same machine; this is somewhat slower."""
    tensorboard: bool = False
    """Whether to write logs for TensorBoard into the run; needs the extra 'tensorboard'."""


class TrainConfig(FitConfig):
    """How the weights of a classifier are trained."""

    objective: Literal["last", "every", "linear"] = "last"
    """The timesteps whose probability is trained: last, every, or linear (every, with growing weight)."""
    averaging: Annotated[float, Field(gt=0, lt=1)] | None = 0.99
    """The momentum of the moving average of the weights, which is the final model (Polyak and Juditsky 1992)."""
    pretrained_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The learning rate of pretrained weights, as a factor of learning_rate (Howard and Ruder 2018)."""
    adversarial: Annotated[float, Field(gt=0, lt=1)] | None = 0.02
    """The size of adversarial perturbations relative to the embeddings' norm; null uses none (Miyato et al. 2017)."""
    virtual: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The size of virtual adversarial perturbations, which need no labels; null uses none (Miyato et al. 2017)."""
    unlabelled: bool = False
    """Whether to read the unlabelled reviews of the source too, which virtual can use."""
    batches: Literal["bucketed", "shuffled", "padded"] = "bucketed"
    """bucketed batches reviews of similar length; shuffled does not; padded pads all reviews to text.length."""
    monitor: Literal["accuracy", "loss"] = "accuracy"
    """The validation figure by which the best epoch is chosen."""
    patience: Count | None = None
    """The number of epochs without improvement after which training stops; null trains all epochs."""


class PretrainConfig(FitConfig):
    """How the weights of a next-word model are trained.

    A batch updates only the embeddings of the words in its reviews and of those that it samples.
    """

    learning_rate: Annotated[float, Field(gt=0)] = 0.003
    """The highest learning rate, which is reached at the end of the warm-up."""
    epochs: Count = 2
    """The number of passes over the training reviews."""
    warmup: Rate = 0.02
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.01
    timesteps: Count = 50
    """The number of timesteps that gradients are propagated back (truncated BPTT, Williams and Peng 1990)."""
    samples: Annotated[int, Field(ge=2)] = 1024
    """The number of words in the sampled softmax, for training only; validation uses the whole vocabulary."""


class WholeConfig(Section):
    """A whole config, for any task."""

    command: ClassVar[str]
    """The command that uses the config."""

    def to_yaml(self) -> str:
        """Return all keys with their values as YAML."""
        return str(yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True))


class Config(WholeConfig):
    """All settings of the training of a classifier."""

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
    """All settings of the training of a next-word model."""

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
"""The class of the config of each task."""

INHERITED = {
    "text": ("tokenizer", "vocabulary", "max_words", "min_count"),
    "model": ("embedding", "cell", "units", "layers"),
}
"""The keys whose values must be those of the next-word model that a classifier starts from."""


def find_fused_obstacle(model: EncoderConfig) -> str | None:
    """Return why the fused engine cannot compute a model, or None if it can."""
    if model.cell != "gru":
        return f"fused computes GRUs only, and model.cell is {model.cell}"
    if model.dropout.recurrent:
        return f"fused has no recurrent dropout, but model.dropout.recurrent is {model.dropout.recurrent}"
    return None
