"""The output layer of a next-word model: projection and softmax, with their losses and gradients."""
