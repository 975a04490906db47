import pytest
import torch

from pppkit.metrics import ShiftConsistency, consistency


def test_by_hand():
    a = torch.tensor([[2.0, 1], [0, 1], [5, 3], [1, 2]])
    b = torch.tensor([[3.0, 1], [1, 0], [9, 8], [0, 1]])
    assert consistency(a, b).item() == 0.75
    metric = ShiftConsistency()
    for part in (slice(0, 1), slice(1, 4)):  # batches of unequal size
        metric.update(a[part], b[part])
    assert metric.compute().item() == 0.75


def test_under_inference_mode():
    metric = ShiftConsistency()
    with torch.inference_mode():
        metric.update(torch.eye(3), torch.eye(3))
    metric.update(torch.eye(3), torch.eye(3).flip(0))
    assert metric.compute().item() == pytest.approx(4 / 6)


def test_bad_input():
    for first, second in ((torch.zeros(2, 3), torch.zeros(3, 3)), (torch.zeros(2), torch.zeros(2))):
        with pytest.raises(ValueError, match="first and second must be class scores"):
            consistency(first, second)
    with pytest.raises(ValueError, match="first and second"):
        consistency(torch.zeros(0, 3), torch.zeros(0, 3))
    with pytest.raises(ValueError, match="n=0"):
        ShiftConsistency().compute()
