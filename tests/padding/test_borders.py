import pytest
import torch
import torch.nn.functional as F

from pppkit.padding import pad2d


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def rand(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=generator(1), dtype=dtype)


@pytest.mark.parametrize("scheme", ["reflect", "replicate", "circular", "randn"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_of_borders_wider_than_the_map(scheme, layout):
    x = rand(2, 2, 3, 4, dtype=torch.double).contiguous(memory_format=layout).requires_grad_()
    padded = pad2d(x, (5, 2, 0, 4), scheme, generator=generator())
    assert padded.is_contiguous(memory_format=layout)
    assert torch.autograd.gradcheck(lambda x: pad2d(x, (5, 2, 0, 4), scheme, generator=generator()), x)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_gradients_equal_torchs(mode):
    grads = []
    for pad in (lambda x: pad2d(x, (2, 1, 3, 2), mode), lambda x: F.pad(x, (2, 1, 3, 2), mode)):
        x = rand(2, 3, 5, 6, dtype=torch.double).requires_grad_()
        (pad(x) * torch.arange(2 * 3 * 10 * 9.0).view(2, 3, 10, 9)).sum().backward()
        grads.append(x.grad)
    torch.testing.assert_close(*grads)


def test_randn_repeats_a_flat_area_exactly():
    out = pad2d(torch.full((1, 2, 4, 4), 0.7), 2, "randn", generator=generator())
    torch.testing.assert_close(out, torch.full((1, 2, 8, 8), 0.7))


def test_randn_follows_the_nearest_window():
    x = torch.zeros(1, 1, 6, 6)
    x[..., 4:, 4:] = 10.0  # only windows near the bottom right corner vary
    x[..., 5, 5] = 20.0
    draws = torch.cat([pad2d(x, 1, "randn", generator=generator(i)) for i in range(4000)])
    mean, std = draws.mean(0)[0], draws.std(0)[0]
    assert (mean[0, :6] == 0).all() and (std[:6, 0] == 0).all()
    # the corner's window is x[3:6, 3:6]: minimum 0, maximum 20, so N(10, 10^2); it may leave [0, 20]
    assert abs(mean[7, 7] - 10) < 0.6 and abs(std[7, 7] - 10) < 0.5
    assert draws[..., 7, 7].max() > 20 and draws[..., 7, 7].min() < 0
    # right of row 3 the nearest window is x[2:5, 3:6]: 0 to 10, N(5, 5^2)
    assert abs(mean[4, 7] - 5) < 0.3 and abs(std[4, 7] - 5) < 0.25
    torch.testing.assert_close(draws[:, :, 1:-1, 1:-1], x.expand(4000, 1, 6, 6))


def test_randn_same_seed_same_numbers_and_no_global_state():
    x = rand(1, 2, 5, 5)
    state = torch.get_rng_state()
    assert torch.equal(
        pad2d(x, 2, "randn", generator=generator(3)), pad2d(x, 2, "randn", generator=generator(3))
    )
    assert not torch.equal(
        pad2d(x, 2, "randn", generator=generator(3)), pad2d(x, 2, "randn", generator=generator(4))
    )
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("scheme", ["reflect", "replicate", "circular", "randn"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_are_dense_and_leave_the_incoming_one_alone(scheme, layout):
    x = rand(2, 3, 6, 7).contiguous(memory_format=layout).requires_grad_()
    padded = pad2d(x, (1, 2, 2, 0), scheme, generator=generator())
    grad = torch.ones_like(padded)
    (got,) = torch.autograd.grad(padded, x, grad)
    assert got.is_contiguous(memory_format=layout)  # what follows is slow on a window of a larger map
    assert torch.equal(grad, torch.ones_like(grad))
    if scheme != "randn":
        assert got.sum() == padded.numel()  # each border pixel counts once for the pixel that it copies


@pytest.mark.parametrize("width", [3, 5, 6, 8])  # the windows at both ends are one, overlap, touch, lie apart
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_of_randn_where_windows_meet(width, layout):
    x = rand(2, 2, 7, width, dtype=torch.double).contiguous(memory_format=layout).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: pad2d(x, (1, 2, 1, 2), "randn", generator=generator()), x)


def test_randn_draws_top_left_right_bottom_in_the_order_of_a_contiguous_map():
    flat = torch.zeros(2, 3, 6, 7, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
    flat[..., ::2, ::2] = 2  # each window spans 0 to 2: N(1, 1)
    numbers = generator(5)
    shapes = [(2, 3, 1, 10), (2, 3, 6, 1), (2, 3, 6, 2), (2, 3, 2, 10)]
    top, left, right, bottom = (1 + torch.randn(s, generator=numbers).to(torch.bfloat16) for s in shapes)
    padded = pad2d(flat, (1, 2, 1, 2), "randn", generator=generator(5))
    middle = torch.cat([left, flat, right], 3)
    assert torch.equal(padded, torch.cat([top, middle, bottom], 2))
