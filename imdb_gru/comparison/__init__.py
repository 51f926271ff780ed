"""Own the comparing of models: who takes part, their training, judging and figures; never imports TensorFlow."""
