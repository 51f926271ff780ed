"""The tutorial's model in PyTorch, padded: python torch_tutorial.py imdb.npz [--reviews N] [--units U] [--words W].

Prints the time of an epoch in seconds, after two warm-up batches, as a line of JSON.
"""

import argparse
import json
import time

import keras
import torch
from imdb import load
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("npz")
parser.add_argument("--reviews", type=int, default=25000)
parser.add_argument("--units", type=int, default=128)
parser.add_argument("--words", type=int, default=500)
parser.add_argument("--batch-size", type=int, default=64)
options = parser.parse_args()


class Model(nn.Module):
    """A network with an embedding and a GRU, whose last hidden state gives the logit."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5000, 32)
        self.gru = nn.GRU(32, options.units, batch_first=True)
        self.output = nn.Linear(options.units, 1)

    def forward(self, ids):
        """Map ids `(B, T)` to logits `(B,)`."""
        _, last = self.gru(self.embedding(ids))
        return self.output(last[0])[:, 0]


(x, y), _ = load(options.npz)
x = torch.tensor(keras.utils.pad_sequences(x[: options.reviews], maxlen=options.words), dtype=torch.long)
y = torch.tensor(y[: options.reviews], dtype=torch.float32)
model = Model()
optimizer, criterion = torch.optim.Adam(model.parameters()), nn.BCEWithLogitsLoss()


def train(rows):
    """Train on the given rows, batch by batch."""
    for batch in rows.split(options.batch_size):
        optimizer.zero_grad()
        criterion(model(x[batch]), y[batch]).backward()
        optimizer.step()


train(torch.arange(2 * options.batch_size))
started = time.perf_counter()
train(torch.randperm(len(x)))
print(json.dumps({"epoch": 1, "seconds": time.perf_counter() - started}))
