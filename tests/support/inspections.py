"""Inspections made by hand, for the tests of pages."""

import numpy as np

from imdb_gru.inspection.inspection import CellTrace, Contributions, Inspection

GATES = {"gru": ("update", "reset", "candidate"), "lstm": ("input", "forget", "candidate", "output"), "simple_rnn": ()}
KEEPING = {"gru": "update", "lstm": "forget"}
TEXT = (
    "i went to see this film with hope in my heart , and for the first half hour it was a delight : the camera drifts "
    "over the harbour , nobody explains anything , and the two leads talk as people do talk . then the plot arrives , "
    "and everything that was wonderful becomes dull . still , the ending is superb ."
)
HOSTILE = (
    "<script>window.attacked = true</script> </script><!-- <img src=x onerror='window.attacked=true'> \"quoted\" "
    "{{ 7*7 }} {% raw %} & \u2028 \x00\x1b[31m \u202edesrever\u202c 😍 \ud800 `${1+1}`"
)


def smooth(rng, timesteps, units, low, high):
    """Values that drift from timestep to timestep, as gates do."""
    steps = rng.normal(0, 0.6, (timesteps, units)).cumsum(axis=0)
    steps = steps - 0.6 * np.concatenate([np.zeros((1, units)), steps[:-1]])
    return (low + (high - low) / (1 + np.exp(-steps))).astype(np.float32)


def make_trace(rng, timesteps, *, cell="gru", units=8, layer=1, direction="forward"):
    gates = {name: smooth(rng, timesteps, units, -1 if name == "candidate" else 0, 1) for name in GATES[cell]}
    left = np.exp(-0.15 * np.arange(timesteps)[::-1]).astype(np.float32)
    return CellTrace(
        layer=layer,
        direction=direction,
        cell=cell,
        gates=gates,
        states=smooth(rng, timesteps, units, -1, 1),
        gradients=np.abs(rng.normal(size=timesteps)).astype(np.float32),
        keeping_gate=KEEPING.get(cell),
        kept=left if gates else None,
        jacobian=(left * 0.8 + 0.2).astype(np.float32),
    )


def make_inspection(text=None, *, cell="gru", units=8, layers=1, both=False, seed=0, tokens=None):
    """An inspection of a text; a cell that reads both ways has no probability after each word."""
    rng = np.random.default_rng(seed)
    text = TEXT if text is None else text
    tokens = ("<start>", *(text.split() if tokens is None else tokens))
    timesteps = len(tokens)
    curve = (1 / (1 + np.exp(-np.cumsum(rng.normal(0, 0.5, timesteps))))).astype(np.float32)
    directions = ("forward", "backward") if both else ("forward",)
    return Inspection(
        text=text,
        label="positive" if curve[-1] >= 0.5 else "negative",
        probability=float(curve[-1]),
        logit=0.5,
        words=timesteps - 1,
        tokens=tokens,
        known=[timestep % 7 != 3 for timestep in range(timesteps)],
        probabilities=None if both else curve,
        contributions=Contributions(
            integrated_gradients=rng.normal(0, 0.3, timesteps).astype(np.float32),
            occlusion=rng.normal(0, 0.3, timesteps).astype(np.float32),
            baseline=-0.1,
            gap=0.002,
            steps=32,
        ),
        cells=[
            make_trace(rng, timesteps, cell=cell, units=units, layer=layer, direction=direction)
            for layer in range(1, layers + 1)
            for direction in directions
        ],
        pooled={"last": np.zeros(timesteps, np.float32)},
    )
