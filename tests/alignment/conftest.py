import pytest
import torch


@pytest.fixture(autouse=True)
def same_weights():
    """Networks made in a test have the same weights each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
