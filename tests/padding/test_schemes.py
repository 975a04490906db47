import pytest
import torch
import torch.nn.functional as F

from pppkit.padding.schemes import ceil_amounts


@pytest.mark.parametrize(
    "n, k, s, p", [(7, 2, 2, 0), (7, 3, 2, 0), (112, 3, 2, 0), (5, 2, 3, 1), (6, 3, 2, 1), (8, 3, 3, 1)]
)
def test_ceil_amounts_predict_torch(n, k, s, p):
    extra = ceil_amounts((n, n), (k, k), (s, s), (p, p), (1, 1))[0]
    assert (n + 2 * p + extra - k) // s + 1 == F.max_pool2d(
        torch.zeros(1, 1, n, n), k, s, p, ceil_mode=True
    ).shape[-1]
