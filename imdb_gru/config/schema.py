"""The keys of a config, with their types and defaults."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from imdb_gru.config.labels import Label, is_label
from imdb_gru.config.prediction import POOLINGS, CellName, Direction, Pooling, TaskName, Truncation
from imdb_gru.config.writing import dump_yaml

Rate = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
AUTO: Literal["auto"] = "auto"
"""A key with this value is given a suitable value once the number of training reviews is known."""


def _check_label(value: Any) -> Any:
    """Refuse invalid labels, including booleans: YAML reads the unquoted labels yes, no, true and false as booleans."""
    if not is_label(value):
        raise PydanticCustomError("label", "a label is a number or text; put yes, no, true and false in quotes")
    return value


NGRAMS: Literal["ngrams"] = "ngrams"
"""The name of a teacher: a linear model of n-grams that is fitted to the training reviews."""
LabelList = Annotated[list[Annotated[Label, BeforeValidator(_check_label)]], Field(min_length=1)]


class Section(BaseModel):
    """An immutable section of a config, which rejects unknown keys and values of the wrong type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Where the reviews come from."""

    path: str | None = None
    """The source of the reviews, as for --data; null means $IMDB_GRU_DATA, or IMDB (downloaded) if that is not set."""
    text_column: str | None = None
    """The table column that contains the texts; if null, it is recognised by its name, such as 'text'."""
    label_column: str | None = None
    """The table column that contains the labels; if null, it is recognised by its name, such as 'label'."""
    positive: LabelList | None = None
    """The labels that mean positive, such as [4, 5]; if null, only unambiguous labels such as 'pos' are accepted."""
    negative: LabelList | None = None
    """The labels that mean negative, such as [1, 2].

    Rows whose label is neither in data.positive nor in data.negative are left out.
    """
    format: Literal["csv", "tsv", "jsonl", "lines"] | None = None
    """The format of the file or of stdin; if null, it is detected from the first bytes and the file name."""
    encoding: str | None = None
    """The encoding of the file, such as cp1252; if null, it is detected (UTF-8, UTF-16 or Windows-1252)."""
    delimiter: str | None = None
    """The character that separates the cells of a table ('tab' for a tab); if null, it is detected."""
    limit: Count | None = None
    """The maximum number of reviews per split; from a larger split, a fixed random sample is taken."""
    test_split: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """The share of the reviews reserved for testing and never used in training; must be 0 if the data has a test split.

    'imdb-gru evaluate' uses the reserved reviews by default. They do not depend on train.seed. For a next-word model,
    the share must be 0.
    """


class TextConfig(Section):
    """How a text is converted to ids."""

    tokenizer: Literal["words", "keras"] = "words"
    """How texts are split into words: 'words' keeps punctuation, emoticons and emoji; 'keras' splits as in imdb.npz."""
    vocabulary: Literal["train", "keras"] = "train"
    """The source of the vocabulary: 'train' means the training reviews, and 'keras' means Keras's IMDB word index."""
    max_words: Annotated[int, Field(ge=4)] | None = 20000
    """The maximum vocabulary size, counting the pad, start and unknown ids (Keras's num_words); null means no limit."""
    min_count: Count = 1
    """How often a word must occur in the training reviews to be known; rarer words are treated as unknown."""
    length: Count = 500
    """The maximum number of words per review, not counting the start token; longer reviews are cut."""
    truncate: Truncation = "tail"
    """How a review that is too long is cut: 'head' keeps the beginning, 'tail' keeps the end, 'middle' keeps both."""
    direction: Direction = "forward"
    """The direction in which the model reads the words that remain after cutting; 'backward' begins with the last word.

    With 'backward', a next-word model predicts the previous word.
    """


class DropoutConfig(Section):
    """Dropout rates, which apply only during training."""

    word: Rate = 0.1
    """The share of words that are replaced by the id for unknown words (Iyyer et al. 2015)."""
    embedding: Rate = 0.1
    """The share of embedding channels that are dropped, with one mask per review (Gal and Ghahramani 2016)."""
    recurrent: Rate = 0.0
    """The share of the hidden state dropped before the gates, with one mask per review (Gal and Ghahramani 2016)."""
    output: Rate = 0.3
    """The share of inputs dropped before each dense layer and before the output layer (Srivastava et al. 2014)."""


class EncoderConfig(Section):
    """The layers that classifiers and next-word models have in common: the embedding and the recurrent layers."""

    embedding: Count = 128
    """The size of a word's embedding."""
    cell: CellName = "gru"
    """The type of recurrent cell."""
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
    """The layers of a classifier: embedding, recurrent layers, pooling of the hidden states, and dense layers."""

    bidirectional: bool = False
    """Whether the model also reads reviews backwards; if so, the model cannot give the probability after each word."""
    pooling: Annotated[list[Pooling], Field(min_length=1)] = list(POOLINGS)
    """How the hidden states are pooled; if several methods are given, their results are concatenated."""
    dense: list[Count] = []
    """The number of units in each dense (ReLU) layer before the output layer; [] means that there are none."""
    pretrained: str | None = "bundled"
    """The run that provides the vocabulary and the initial weights; if null, training starts from random weights.

    A next-word model provides only its embedding and recurrent weights; a classifier provides all its weights.
    Two models come with the package and can be named instead of a run: 'bundled' is a next-word model, and
    'bundled-classifier' is a classifier that was trained on IMDB.
    """

    @property
    def brief(self) -> str:
        """Return a short description of the model."""
        return f"{'bidirectional ' * self.bidirectional}{super().brief}, {'+'.join(self.pooling)}"


class FitConfig(Section):
    """The training settings that classifiers and next-word models share; the optimizer is Adam (Kingma and Ba 2015)."""

    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    """The highest learning rate, reached at the end of the warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate falls to 0 after the warm-up ('linear' or 'cosine'); 'constant' keeps it unchanged."""
    warmup: Rate = 0.1
    """The share of all batches used for the warm-up, during which the learning rate rises from zero."""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """The maximum global norm of the gradients (Pascanu et al. 2013); null means no limit."""
    epochs: Count | Literal["auto"] = AUTO
    """The number of passes over the training reviews; 'auto' derives the number from train.steps."""
    batch_size: Count | Literal["auto"] = AUTO
    """The number of reviews in a batch; 'auto' chooses a size that suits the number of training reviews."""
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    """The share of training reviews set aside for validation, stratified by label.

    Reviews of the same film stay together; if the films are unknown, reviews with the same words stay together. If the
    data has a validation split, that split is used instead.
    """
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """The seed for the initial weights, the order of the reviews, dropout and the choice of validation reviews."""
    validation_seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    """The seed for choosing validation reviews; null means train.seed.

    To train a model with teachers, use the seed that chose the teachers' validation reviews.
    """
    engine: Literal["auto", "keras", "fused"] = "auto"
    """The engine for the recurrent layers; 'fused' computes GRUs on CPUs, and 'auto' uses 'fused' where possible."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The precision of the fused engine's multiplications; 'auto' uses bfloat16 if the CPU has AMX or AVX512_BF16.

    Multiplications in bfloat16 are at least twice as fast. Sums, gates, hidden states and the weights themselves are
    always float32.
    """
    deterministic: bool = False
    """Whether to make training exactly repeatable on the same machine; training is then somewhat slower."""
    tensorboard: bool = False
    """Whether to write TensorBoard logs to the run directory; this requires the extra 'tensorboard'."""
    track: Literal["mlflow", "wandb"] | None = None
    """The tracker that receives the config and each epoch's metrics: 'mlflow', 'wandb' (Weights & Biases) or null.

    A tracker requires the extra of the same name.
    """

    @property
    def split_seed(self) -> int:
        """Return the seed for the choice of validation reviews."""
        return self.seed if self.validation_seed is None else self.validation_seed


class TrainConfig(FitConfig):
    """How the weights of a classifier are trained."""

    steps: Count = 1000
    """The approximate total number of batches in training if train.epochs is 'auto'.

    A pretrained model is trained on fewer batches if there are fewer than 22,500 training reviews.
    """
    output_first: bool | Literal["auto"] = AUTO
    """Whether to fit the output layer alone before all layers are trained together (Kumar et al. 2022).

    'auto' does this if there are few training reviews, train.objective is 'last', and only the output layer starts from
    random weights.
    """
    objective: Literal["last", "every", "linear"] = "last"
    """The timesteps where the loss is computed: 'last', 'every', or 'linear' (all, with linearly rising importance)."""
    averaging: Annotated[float, Field(gt=0, lt=1)] | None = 0.99
    """The momentum of the moving average of the weights (Polyak and Juditsky 1992); null means no averaging.

    The average is used as the final weights.
    """
    pretrained_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The learning rate of pretrained weights, as a fraction of train.learning_rate (Howard and Ruder 2018)."""
    adversarial: Annotated[float, Field(gt=0, lt=1)] | None = 0.02
    """The size of adversarial perturbations relative to the embeddings' norm (Miyato et al. 2017); null means none."""
    virtual: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The size of virtual adversarial perturbations, which need no labels (Miyato et al. 2017); null means none."""
    unlabelled: bool = False
    """Whether to read the source's unlabelled reviews too, so that train.virtual or train.teachers can use them."""
    teachers: list[Annotated[str, Field(min_length=1)]] = []
    """The teachers: the model learns from the mean of their probabilities as well as from labels (Hinton et al. 2015).

    Each teacher is the path of a run or one of the names 'bundled-classifier' and 'ngrams'. 'ngrams' is a linear model
    of n-grams that is fitted to the training reviews; it requires the extra 'sklearn'. A classifier that was trained on
    the validation reviews cannot be a teacher.
    """
    teacher_weights: list[Annotated[float, Field(gt=0)]] | None = None
    """The weight of each teacher in the mean of all teachers' probabilities; null means equal weights."""
    teacher_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    """The weight of the teachers' mean probability in a labelled review's target; the label has the remaining weight.

    The target of an unlabelled review is the teachers' mean probability.
    """
    crops: Annotated[int, Field(ge=0, le=20)] = 0
    """The number of short passages cut from each training review as additional training texts; needs train.teachers.

    A passage has no label; its target is the teachers' mean probability. The targets are corrected for length: for
    passages of similar length, the mean target is about the share of them that come from positive reviews.
    """
    batches: Literal["bucketed", "shuffled", "padded"] = "bucketed"
    """How reviews are batched: 'bucketed' by length, 'shuffled', or 'padded' to text.length and shuffled."""
    monitor: Literal["auto", "accuracy", "loss", "last"] = AUTO
    """How the best epoch is chosen: by validation 'accuracy', by validation 'loss', or always the 'last' epoch.

    'auto' means 'last' if the model is pretrained, train.patience is null, and there are too few validation reviews to
    rank the epochs; otherwise, it means 'accuracy'.
    """
    patience: Count | None = None
    """The number of epochs without improvement after which training stops; null means no early stopping."""


class PretrainConfig(FitConfig):
    """How the weights of a next-word model are trained.

    Each batch updates only the embeddings of words that occur in the batch or are sampled for it.
    """

    learning_rate: Annotated[float, Field(gt=0)] = 0.003
    """The highest learning rate, reached at the end of the warm-up."""
    epochs: Count = 2
    """The number of passes over the training reviews."""
    batch_size: Count = 64
    """The number of reviews in a batch."""
    warmup: Rate = 0.02
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.01
    timesteps: Count = 50
    """The number of timesteps through which gradients are propagated back (truncated BPTT, Williams and Peng 1990)."""
    samples: Annotated[int, Field(ge=2)] = 1024
    """The number of words in the sampled softmax that training uses; validation uses the whole vocabulary."""


class NextWordModelConfig(EncoderConfig):
    """The layers of a next-word model."""

    dropout: DropoutConfig = DropoutConfig(word=0.0, output=0.1)
    pretrained: str | None = None
    """The run that provides the vocabulary and the initial weights; if null, training starts from random weights.

    It must be the run of a next-word model, or 'bundled', the next-word model that comes with the package.
    """


class WholeConfig(Section):
    """A complete config for any task."""

    command: ClassVar[str]
    """The name of the command that uses this config."""

    def to_yaml(self) -> str:
        """Return all keys and their values as YAML."""
        return dump_yaml(self.model_dump(mode="json"))


class Config(WholeConfig):
    """All settings for training a classifier."""

    command: ClassVar[str] = "train"
    model_name: ClassVar[str] = "a classifier"
    question: ClassVar[str] = "predict"
    """The command that applies the model to a text."""

    task: Literal["sentiment"] = "sentiment"
    """The task; 'sentiment' means training a classifier."""
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
    """The task; 'next_word' means training a next-word model."""
    data: DataConfig = DataConfig()
    text: TextConfig = TextConfig()
    model: NextWordModelConfig = NextWordModelConfig()
    train: PretrainConfig = PretrainConfig()


AnyConfig = Config | NextWordConfig
KINDS: dict[TaskName, type[Config] | type[NextWordConfig]] = {"sentiment": Config, "next_word": NextWordConfig}
"""The config class for each task."""

INHERITED = {
    "text": ("tokenizer", "vocabulary", "max_words", "min_count", "direction"),
    "model": ("embedding", "cell", "units", "layers"),
}
"""The keys whose values must match those of the model that training starts from."""
INHERITED_OUTPUT = ("bidirectional", "pooling", "dense")
"""The keys of the model section that must also match if training starts from a classifier."""


def find_fused_obstacle(model: EncoderConfig) -> str | None:
    """Return the reason why the fused engine cannot compute a model, or None if it can."""
    if model.cell != "gru":
        return f"fused computes only GRUs, and model.cell is {model.cell}"
    if model.dropout.recurrent:
        return f"fused has no recurrent dropout, and model.dropout.recurrent is {model.dropout.recurrent}"
    return None
