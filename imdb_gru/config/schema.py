"""The keys of a config, what each may be, and its default: the only defaults there are."""

from typing import Annotated, ClassVar, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

Truncation = Literal["head", "tail", "middle"]
Pooling = Literal["last", "mean", "max"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
"""The poolings; where code writes one of the names again, it has the type `Pooling`, which mypy checks."""
Rate = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A frozen part of the config that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Where the reviews come from."""

    path: str | None = None
    """What --data names; null is $IMDB_GRU_DATA, or else the downloaded IMDB."""
    text_column: str | None = None
    """A table's column of texts; null recognises the common names."""
    label_column: str | None = None
    """A table's column of labels; null recognises the common names."""
    limit: Count | None = None
    """Use only so many reviews of each split, drawn at random but always the same ones."""


class TextConfig(Section):
    """How text becomes ids."""

    tokenizer: Literal["words", "keras"] = "words"
    """words keeps punctuation as tokens; keras is what made imdb.npz."""
    vocabulary: Literal["train", "keras"] = "train"
    """train ranks the words of the training reviews; keras takes Keras's published IMDB word index."""
    max_words: Annotated[int, Field(ge=4)] | None = 20000
    """Ids stay below it, as with Keras's num_words: pad, start and unknown count too."""
    min_count: Count = 1
    """Words seen less often in the training reviews are unknown."""
    length: Count = 500
    """Words kept of a review; the start token comes on top."""
    truncate: Truncation = "tail"
    """The end of a longer review that is kept; middle drops the middle."""


class DropoutConfig(Section):
    """Shares dropped in training only."""

    word: Rate = 0.1
    """Words replaced by unknown (Iyyer et al. 2015)."""
    embedding: Rate = 0.1
    """Embedding channels dropped, the same ones at all timesteps of a review (Gal and Ghahramani 2016)."""
    recurrent: Rate = 0.0
    """Hidden state channels hidden from the gates, the same ones at all timesteps (Gal and Ghahramani 2016)."""
    output: Rate = 0.3
    """Pooled hidden state and dense activations (Srivastava et al. 2014)."""


class EncoderConfig(Section):
    """The layers that read: embedding and cells."""

    embedding: Count = 128
    cell: Literal["gru", "lstm", "simple_rnn"] = "gru"
    units: Count = 512
    layers: Annotated[int, Field(ge=1, le=8)] = 1
    dropout: DropoutConfig = DropoutConfig()

    @property
    def brief(self) -> str:
        """Describe the layers in a few words."""
        layers = f" ×{self.layers}" if self.layers > 1 else ""
        return f"{self.cell} {self.units}{layers}, embedding {self.embedding}"


class ModelConfig(EncoderConfig):
    """The layers: embedding, cells, pooling of the hidden states, dense."""

    bidirectional: bool = False
    pooling: Annotated[list[Pooling], Field(min_length=1)] = list(POOLINGS)
    """What the dense layers see of the hidden states; several are put side by side."""
    dense: list[Count] = []
    """Units of ReLU layers before the output."""
    pretrained: str | None = "bundled"
    """A run of 'imdb-gru pretrain' whose vocabulary, embedding and recurrent weights the training starts from.

    bundled is the one in the package; null starts from random weights. No other key changes with it.
    """

    @property
    def brief(self) -> str:
        """Describe the model in a few words."""
        return f"{'bidirectional ' * self.bidirectional}{super().brief}, {'+'.join(self.pooling)}"


class FitConfig(Section):
    """How weights are found, by Adam (Kingma and Ba 2015), whatever is learnt."""

    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate falls to zero over all epochs after the warm-up."""
    warmup: Rate = 0.1
    """Share of all batches over which the learning rate rises from zero."""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """Bound on the norm of all gradients together (Pascanu et al. 2013)."""
    epochs: Count = 3
    batch_size: Count = 64
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    """Share of the training reviews held out: stratified by label, whole films where the source names them."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    engine: Literal["auto", "keras", "fused"] = "auto"
    """What computes the recurrent layers: fused is our own for GRUs on a CPU; auto takes it wherever it applies."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """What the fused engine multiplies in matrix products; auto takes bfloat16, several times faster, where it applies.

    bfloat16 needs a CPU with AMX. Sums, gates, hidden states and the weights themselves are float32 either way.
    """
    deterministic: bool = False
    """Bit-identical weights from one machine, at some cost in speed."""
    tensorboard: bool = False
    """Write TensorBoard logs into the run; needs the extra 'tensorboard'."""


class TrainConfig(FitConfig):
    """How a classifier's weights are found."""

    objective: Literal["last", "every", "linear"] = "last"
    """The timesteps whose belief is trained: last, every one, or every one with a weight that grows linearly."""
    averaging: Annotated[float, Field(gt=0, lt=1)] | None = 0.99
    """Momentum of an exponential moving average of the weights, which then is the model (Polyak and Juditsky 1992)."""
    pretrained_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Learning rate of pretrained weights, as a share of learning_rate (Howard and Ruder 2018)."""
    adversarial: Annotated[float, Field(gt=0, lt=1)] | None = 0.02
    """Move every review against the model, by this share of its embeddings' length (Miyato et al. 2017)."""
    virtual: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Move every review, labelled or not, the way that changes the belief most, by this share (Miyato et al. 2017)."""
    unlabelled: bool = False
    """Read the source's unlabelled reviews, too: what virtual learns from."""
    batches: Literal["bucketed", "shuffled", "padded"] = "bucketed"
    """bucketed: reviews of like length together; shuffled: any; padded: any, all padded to text.length."""
    monitor: Literal["accuracy", "loss"] = "accuracy"
    """The validation figure that decides which epoch is best."""
    patience: Count | None = None
    """Stop after so many epochs without a better one; null trains them all. The best epoch is kept either way."""


class PretrainConfig(FitConfig):
    """How a next-word model's weights are found.

    Of the embedding, a batch moves only the words that it reads, predicts or draws.
    """

    learning_rate: Annotated[float, Field(gt=0)] = 0.003
    epochs: Count = 2
    warmup: Rate = 0.02
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.01
    timesteps: Count = 50
    """Words that gradients go back through at most; the state goes on beyond (TBPTT, Williams and Peng 1990)."""
    samples: Annotated[int, Field(ge=2)] = 1024
    """Words that the softmax is drawn over in training; as many as the vocabulary has make it whole."""


class WholeConfig(Section):
    """A whole config, of whatever task."""

    command: ClassVar[str]
    """The command that the config is for."""

    def to_yaml(self) -> str:
        """Write every key with its value."""
        return str(yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True))


class Config(WholeConfig):
    """All that the training of a classifier needs to know beside the reviews themselves."""

    command: ClassVar[str] = "train"
    model_name: ClassVar[str] = "a classifier"
    question: ClassVar[str] = "predict"
    """The command that applies the model to a text."""

    task: Literal["sentiment"] = "sentiment"
    data: DataConfig = DataConfig()
    text: TextConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()


class NextWordConfig(WholeConfig):
    """All that the training of a next-word model needs to know beside the reviews themselves."""

    command: ClassVar[str] = "pretrain"
    model_name: ClassVar[str] = "a next-word model"
    question: ClassVar[str] = "next"

    task: Literal["next_word"] = "next_word"
    data: DataConfig = DataConfig()
    text: TextConfig = TextConfig()
    model: EncoderConfig = EncoderConfig(dropout=DropoutConfig(word=0.0, output=0.1))
    train: PretrainConfig = PretrainConfig()


AnyConfig = Config | NextWordConfig
Task = Literal["sentiment", "next_word"]
KINDS: dict[Task, type[Config] | type[NextWordConfig]] = {"sentiment": Config, "next_word": NextWordConfig}
"""The kind of config of each task."""

INHERITED = {
    "text": ("tokenizer", "vocabulary", "max_words", "min_count"),
    "model": ("embedding", "cell", "units", "layers"),
}
"""The keys in which a classifier must agree with the next-word model that it starts from."""


def find_fused_obstacle(model: EncoderConfig) -> str | None:
    """Say why the fused engine cannot compute a model, or return None where it can."""
    if model.cell != "gru":
        return f"fused computes the cell gru only, not {model.cell}"
    if model.dropout.recurrent:
        return f"fused knows no model.dropout.recurrent, which is {model.dropout.recurrent}"
    return None
