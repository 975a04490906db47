"""Lin et al.: emergence, pitfalls, untrained networks, and networks measured all along their training."""
