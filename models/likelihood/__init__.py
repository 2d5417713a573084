"""Likelihoods: fused PyTensor Ops with gradients, and their compiled kernels."""
