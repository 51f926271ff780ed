"""A bidirectional LSTM in PyTorch: reviews of similar length share a batch, in bfloat16 where oneDNN computes it."""

import json
import random
import re
from collections import Counter

import torch
from reviews import run
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

WORDS, LENGTH, BATCH, EPOCHS = 20_000, 500, 64, 4
BFLOAT16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()


class Model(nn.Module):
    """An embedding, a bidirectional LSTM and dropout, whose last states give the logit."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 128, padding_idx=0)
        self.lstm = nn.LSTM(128, 128, batch_first=True, bidirectional=True)
        self.output = nn.Sequential(nn.Dropout(0.5), nn.Linear(256, 1))

    def forward(self, rows):
        """Map lists of ids, longest first, to logits."""
        lengths = torch.tensor([len(row) for row in rows])
        padded = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
        _, (last, _) = self.lstm(pack_padded_sequence(self.embedding(padded), lengths, batch_first=True))
        return self.output(torch.cat([last[0], last[1]], dim=1))[:, 0]


def tokenize(text):
    """Split a text into words and punctuation, of which the last are kept."""
    return re.findall(r"\w+(?:'\w+)*|[.,!?;:]", text.lower())[-LENGTH:]


def iter_batches(encoded):
    """Yield rows of similar length, the longest first."""
    order = sorted(range(len(encoded)), key=lambda row: -len(encoded[row]))
    return [order[start : start + BATCH] for start in range(0, len(order), BATCH)]


def encode(texts, vocabulary):
    """Return the ids of each text; 1 is the start, and 2 an unknown word."""
    return [[1, *(vocabulary.get(token, 2) for token in tokenize(text))] for text in texts]


def compute(model, encoded, rows):
    """Return the logits of a batch."""
    with torch.autocast("cpu", torch.bfloat16, enabled=BFLOAT16):
        return model([encoded[row] for row in rows]).float()


def train(texts, labels, folder):
    """Train, and save the model."""
    torch.manual_seed(0)
    random.seed(0)
    counts = Counter(token for text in texts for token in tokenize(text))
    vocabulary = {word: id for id, (word, _) in enumerate(counts.most_common(WORDS - 3), 3)}
    encoded, targets = encode(texts, vocabulary), torch.tensor(labels, dtype=torch.float32)
    model, loss = Model(), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), 0.001)
    for _ in range(EPOCHS):
        batches = iter_batches(encoded)
        random.shuffle(batches)
        for rows in batches:
            optimizer.zero_grad()
            loss(compute(model, encoded, rows), targets[rows]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    torch.save(model.state_dict(), folder / "model.pt")
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary))


@torch.inference_mode()
def predict(texts, folder):
    """Return the probabilities of positive."""
    model = Model().eval()
    model.load_state_dict(torch.load(folder / "model.pt"))
    encoded = encode(texts, json.loads((folder / "vocabulary.json").read_text()))
    probabilities = torch.empty(len(texts))
    for rows in iter_batches(encoded):
        probabilities[rows] = torch.sigmoid(compute(model, encoded, rows))
    return probabilities.tolist()


run(predict, train)
