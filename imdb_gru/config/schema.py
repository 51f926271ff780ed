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
"""The value of a key for which a suitable value is chosen once the number of training reviews is known."""


def _check_label(value: Any) -> Any:
    """Refuse booleans, because YAML reads the labels yes, no, true and false as booleans."""
    if not is_label(value):
        raise PydanticCustomError("label", "a label is a number or text; put yes, no, true and false in quotes")
    return value


NGRAMS: Literal["ngrams"] = "ngrams"
"""The name of the teacher that is a linear model of n-grams, fitted to the training reviews."""
LabelList = Annotated[list[Annotated[Label, BeforeValidator(_check_label)]], Field(min_length=1)]


class Section(BaseModel):
    """A frozen section of a config that rejects unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Where the reviews come from."""

    path: str | None = None
    """The source of the reviews, as for --data; if null, $IMDB_GRU_DATA is used, or IMDB is downloaded."""
    text_column: str | None = None
    """The table column that contains the texts; if null, a column with a common name is used."""
    label_column: str | None = None
    """The table column that contains the labels; if null, a column with a common name is used."""
    positive: LabelList | None = None
    """The labels that mean positive, such as [4, 5]; if null, only common and unambiguous labels are accepted."""
    negative: LabelList | None = None
    """The labels that mean negative, such as [1, 2]; rows whose label is in neither list are left out."""
    format: Literal["csv", "tsv", "jsonl", "lines"] | None = None
    """The format of the file, or of stdin; if null, it is detected from the first bytes and the name of the file."""
    encoding: str | None = None
    """The encoding of the file, such as cp1252; if null, UTF-8, UTF-16 and Windows-1252 are detected."""
    delimiter: str | None = None
    """The character that separates the cells of a table, or tab; if null, it is detected."""
    limit: Count | None = None
    """The maximum number of reviews per split; from larger splits, a fixed random sample is taken."""
    test_split: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """The share of the reviews reserved for testing and never used in training, if the data has no test split.

    evaluate uses these reviews by default. The same reviews are reserved for any train.seed. For a next-word model, the
    share must be 0.
    """


class TextConfig(Section):
    """How a text is converted to ids."""

    tokenizer: Literal["words", "keras"] = "words"
    """How texts are split: words finds words, punctuation, emoticons and emoji; keras splits texts as in imdb.npz."""
    vocabulary: Literal["train", "keras"] = "train"
    """The words in the vocabulary: train uses the words of the training reviews; keras uses Keras's IMDB word index."""
    max_words: Annotated[int, Field(ge=4)] | None = 20000
    """The maximum vocabulary size, including pad, start and unknown, like Keras's num_words; null keeps all words."""
    min_count: Count = 1
    """The minimum number of occurrences of a word in the training reviews; rarer words are treated as unknown."""
    length: Count = 500
    """The maximum number of words per review, not counting the start token; longer reviews are cut."""
    truncate: Truncation = "tail"
    """How a longer review is cut: head keeps its beginning, tail keeps its end, and middle removes its middle."""
    direction: Direction = "forward"
    """The direction in which the model reads the words that remain after cutting; backward begins with the last word.

    A backward next-word model predicts the previous word.
    """


class DropoutConfig(Section):
    """Dropout rates, which apply only during training."""

    word: Rate = 0.1
    """The share of words replaced by the unknown word (Iyyer et al. 2015)."""
    embedding: Rate = 0.1
    """The share of embedding channels dropped, with one mask per review (Gal and Ghahramani 2016)."""
    recurrent: Rate = 0.0
    """The share of the hidden state dropped before the gates, with one mask per review (Gal and Ghahramani 2016)."""
    output: Rate = 0.3
    """The share of pooled hidden states and dense activations dropped (Srivastava et al. 2014)."""


class EncoderConfig(Section):
    """The layers that a classifier and a next-word model share: embedding and recurrent layers."""

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
    """The layers: embedding, cells, pooling of the hidden states, and dense layers."""

    bidirectional: bool = False
    """Whether to process reviews backwards as well; if true, there is no probability after each word."""
    pooling: Annotated[list[Pooling], Field(min_length=1)] = list(POOLINGS)
    """How the hidden states are pooled for the dense layers; the results of several methods are concatenated."""
    dense: list[Count] = []
    """The number of units in each ReLU layer before the output."""
    pretrained: str | None = "bundled"
    """The run that provides the vocabulary and the initial weights; if null, training starts from random weights.

    From a next-word model, only the embedding and recurrent weights are used; from a classifier, all weights are used.
    Two models come with the package: the next-word model is named bundled, and the classifier, which was trained on
    IMDB, is named bundled-classifier.
    """

    @property
    def brief(self) -> str:
        """Return a short description of the model."""
        return f"{'bidirectional ' * self.bidirectional}{super().brief}, {'+'.join(self.pooling)}"


class FitConfig(Section):
    """How the weights of any model are trained; the optimizer is Adam (Kingma and Ba 2015)."""

    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    """The highest learning rate, reached at the end of the warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate changes after the warm-up: it stays constant, or falls to zero by the end of training."""
    warmup: Rate = 0.1
    """The share of all batches during which the learning rate rises from zero."""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """The maximum global norm of the gradients (Pascanu et al. 2013)."""
    epochs: Count | Literal["auto"] = AUTO
    """The number of passes over the training reviews; auto makes the total number of batches about train.steps."""
    batch_size: Count | Literal["auto"] = AUTO
    """The number of reviews in a batch; auto chooses it to suit the number of training reviews."""
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    """The share of training reviews used for validation, stratified by label.

    Reviews of the same film stay together; if the films are unknown, reviews with the same words stay together.
    """
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """The seed for the initial weights, the order of the reviews, dropout and the choice of validation reviews."""
    validation_seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    """The seed for choosing validation reviews, such as the one that the teachers used; if null, train.seed is used."""
    engine: Literal["auto", "keras", "fused"] = "auto"
    """The engine that computes recurrent layers; fused computes GRUs on CPUs, and auto uses fused where possible."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The precision of the fused engine's multiplications; auto uses bfloat16 where the CPU has AMX or AVX512_BF16.

    In bfloat16, products are at least twice as fast. Sums, gates, hidden states and the weights themselves are always
    float32.
    """
    deterministic: bool = False
    """Whether to make training exactly repeatable on the same machine; training is then somewhat slower."""
    tensorboard: bool = False
    """Whether to write TensorBoard logs to the run directory; this requires the extra 'tensorboard'."""
    track: Literal["mlflow", "wandb"] | None = None
    """The tracker that receives the config and the metrics of each epoch: MLflow or Weights & Biases; null means none.

    Each requires the extra of the same name.
    """

    @property
    def split_seed(self) -> int:
        """Return the seed for the choice of validation reviews."""
        return self.seed if self.validation_seed is None else self.validation_seed


class TrainConfig(FitConfig):
    """How the weights of a classifier are trained."""

    steps: Count = 1000
    """The approximate number of batches to train on if train.epochs is auto.

    A pretrained model trains on fewer batches if there are fewer training reviews than IMDB has.
    """
    output_first: bool | Literal["auto"] = AUTO
    """Whether to fit the output layer first, while the pretrained weights do not change (Kumar et al. 2022).

    auto fits it first if there are few training reviews, train.objective is last, and only the output layer starts from
    random weights.
    """
    objective: Literal["last", "every", "linear"] = "last"
    """The timesteps at which the loss is computed: last, every, or linear (every, with linearly increasing weights)."""
    averaging: Annotated[float, Field(gt=0, lt=1)] | None = 0.99
    """The momentum of the averaged weights in the final model; null means no averaging (Polyak and Juditsky 1992)."""
    pretrained_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The learning rate of pretrained weights, as a fraction of learning_rate (Howard and Ruder 2018)."""
    adversarial: Annotated[float, Field(gt=0, lt=1)] | None = 0.02
    """The size of adversarial perturbations relative to the embeddings' norm; null means none (Miyato et al. 2017)."""
    virtual: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The size of virtual adversarial perturbations, which need no labels; null means none (Miyato et al. 2017)."""
    unlabelled: bool = False
    """Whether to read the source's unlabelled reviews as well, so that train.virtual or train.teachers can use them."""
    teachers: list[Annotated[str, Field(min_length=1)]] = []
    """The teachers: the model learns from their mean probabilities as well as from the labels (Hinton et al. 2015).

    Each is a run, bundled-classifier, or ngrams for a linear model of n-grams, which is fitted to the training reviews
    and requires the extra 'sklearn'. A classifier that was trained on the validation reviews is refused.
    """
    teacher_weights: list[Annotated[float, Field(gt=0)]] | None = None
    """The weight of each teacher in the mean; if null, all weights are equal."""
    teacher_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    """The teachers' share of the target of a labelled review; the rest is the label.

    The target of an unlabelled review is the teachers' mean probability.
    """
    crops: Annotated[int, Field(ge=0, le=20)] = 0
    """The number of short passages cut from each training review as extra texts; this requires train.teachers.

    A passage has no label. Its target is the teachers' mean probability, corrected so that passages of every length are
    positive as often as whole reviews.
    """
    batches: Literal["bucketed", "shuffled", "padded"] = "bucketed"
    """How reviews are batched: bucketed by length, shuffled, or padded to text.length and shuffled."""
    monitor: Literal["auto", "accuracy", "loss", "last"] = AUTO
    """How the best epoch is chosen: by validation accuracy, by validation loss, or always the last epoch.

    auto means accuracy, but it means last if the model is pretrained, there are too few validation reviews to rank its
    epochs, and train.patience is null.
    """
    patience: Count | None = None
    """The number of epochs without improvement after which training stops; null means no early stopping."""


class PretrainConfig(FitConfig):
    """How the weights of a next-word model are trained.

    Each batch updates only the embeddings of words that it contains or samples.
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
    """The number of timesteps over which gradients are propagated back (truncated BPTT, Williams and Peng 1990)."""
    samples: Annotated[int, Field(ge=2)] = 1024
    """The number of words in the sampled softmax used in training; validation uses the whole vocabulary."""


class NextWordModelConfig(EncoderConfig):
    """The layers of a next-word model."""

    dropout: DropoutConfig = DropoutConfig(word=0.0, output=0.1)
    pretrained: str | None = None
    """The next-word model whose vocabulary and weights training starts from; if null, it starts from random weights.

    The next-word model that comes with the package is named bundled.
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
