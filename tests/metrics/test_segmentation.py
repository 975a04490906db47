import pytest
import torch

from pppkit.metrics import UNLABELLED, MeanIoU


def test_by_hand():
    metric = MeanIoU(3)
    truth = torch.tensor([[0, 0, 1, 1], [1, 1, 1, UNLABELLED]], dtype=torch.uint8)[:, None]
    predicted = torch.tensor([[0, 1, 1, 1], [1, 1, 0, 0]], dtype=torch.uint8)[:, None]
    metric.update(predicted, truth)  # class 0: 1 of 3, class 1: 4 of 6, class 2 occurs nowhere
    assert metric.compute().item() == pytest.approx((1 / 3 + 4 / 6) / 2)


def test_images_are_counted_together():
    empty, full = torch.zeros(1, 2, 2, dtype=torch.long), torch.ones(1, 2, 2, dtype=torch.long)
    half = torch.tensor([[[0, 0], [1, 1]]])
    metric = MeanIoU(2)
    for predicted, truth in ((empty, empty), (full, half)):
        metric.update(predicted, truth)
    assert metric.compute().item() == pytest.approx((4 / 6 + 2 / 4) / 2)  # not the mean over images


def test_it_goes_on_after_inference_mode():
    metric = MeanIoU(2)
    with torch.inference_mode():
        metric.reset()
        metric.update(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2))
    metric.update(torch.ones(1, 2, 2), torch.zeros(1, 2, 2))
    assert metric.compute().item() == pytest.approx((4 / 8 + 0) / 2)
