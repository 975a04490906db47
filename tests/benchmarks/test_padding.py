import pytest
import torch
import torch.nn.functional as F

from pppkit.padding import Padding

from .padding import Floor, _Padded


def convolved(context, stride):
    """The output, the gradients of input and weight, and the convolution's own input."""
    x = torch.randn(2, 4, 6, 10).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight = torch.randn(8, 4, 3, 3).requires_grad_()
    with context:
        y = F.conv2d(x, weight, None, (stride, stride), (1, 1), (1, 1), 1)
    padded = y.grad_fn._saved_input
    return y, *torch.autograd.grad(y.sum(), (x, weight)), padded


@pytest.mark.parametrize("stride", [1, 2])
def test_the_floor_convolves_maps_of_the_padded_size_that_are_there_already(stride):
    floor, border = convolved(Floor(), stride), convolved(Padding("reflect"), stride)
    for ours, theirs in zip(floor, border):
        assert ours.shape == theirs.shape and ours.stride() == theirs.stride()
    there = _Padded.buffer((2, 4, 8, 12), torch.float32)
    assert floor[3].data_ptr() == there.data_ptr() != border[3].data_ptr()
    assert floor[1].data_ptr() == _Padded.buffer((2, 4, 6, 10), torch.float32).data_ptr()
