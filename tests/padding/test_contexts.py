"""`Padding` among other contexts, and over modules that do not run as plain Python."""

import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

from pppkit.padding import SCHEMES, Padding


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


class Network(nn.Module):
    """Two convolutions that pad, a pooling that pads, an activation and an explicit border."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 2, 5, padding=2, stride=2)

    def forward(self, x):
        return self.second(F.max_pool2d(torch.relu(self.norm(self.first(x))), 3, 1, 1))


def under(schemes, run, pools="keep"):
    """The output of `run` under nested contexts, the outermost scheme first."""
    if not schemes:
        return run()
    with Padding(schemes[0], pools=pools, generator=generator()):
        return under(schemes[1:], run, pools)


@pytest.mark.parametrize("inner", SCHEMES)
def test_the_innermost_context_holds(inner):
    torch.manual_seed(0)
    model, x = Network().eval(), torch.randn(1, 3, 9, 11)
    alone = under([inner], lambda: model(x))
    for outer in SCHEMES:
        assert torch.equal(under([outer, inner], lambda: model(x)), alone), outer
        assert torch.equal(under(["circular", outer, inner], lambda: model(x)), alone), outer
    if inner not in ("partial", *(s for s in SCHEMES if "full" in s)):
        pads = under([inner], lambda: F.pad(x, (1, 2, 0, 1)))
        pools = under([inner], lambda: F.max_pool2d(x, 3, 2, 1, ceil_mode=True))
        for outer in SCHEMES:
            assert torch.equal(under([outer, inner], lambda: F.pad(x, (1, 2, 0, 1))), pads), outer
            pooled = under([outer, inner], lambda: F.max_pool2d(x, 3, 2, 1, ceil_mode=True))
            assert torch.equal(pooled, pools), outer


def test_the_outer_context_holds_again_after_the_inner_one():
    x, conv = torch.randn(1, 3, 6, 6), nn.Conv2d(3, 2, 3, padding=1)
    with Padding("reflect"):
        reflected = conv(x)
        with pytest.raises(KeyError), Padding("zeros"):
            raise KeyError
        assert torch.equal(conv(x), reflected)
    assert torch.equal(conv(x), F.conv2d(x, conv.weight, conv.bias, padding=1))


def test_pools_of_the_inner_context_hold():
    x = -torch.ones(1, 1, 4, 4)
    with Padding("zeros", pools="scheme"), Padding("zeros"):
        assert F.max_pool2d(x, 3, 1, 1).max() == -1


def test_other_modes_outside_still_see_the_convolution():
    class Counter(TorchFunctionMode):
        seen = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.seen += getattr(func, "__name__", "") == "conv2d"
            return func(*args, **(kwargs or {}))

    for scheme in ("zeros", "reflect", "randn"):
        with Counter() as counter, Padding("circular"), Padding(scheme, generator=generator()):
            nn.Conv2d(3, 2, 3, padding=1)(torch.randn(1, 3, 6, 6, requires_grad=True))
        assert counter.seen == 1


def test_an_instance_is_entered_once_at_a_time():
    mode = Padding("reflect")
    with mode, pytest.raises(RuntimeError, match="another Padding"):
        mode.__enter__()
    with mode:
        pass


def test_threads_do_not_share_contexts():
    x, conv, out = torch.randn(1, 3, 6, 6), nn.Conv2d(3, 2, 3, padding=1), {}
    entered, checked = threading.Event(), threading.Event()

    def other():
        with Padding("zeros"):
            entered.set()
            checked.wait(10)
            out["zeros"] = conv(x)

    thread = threading.Thread(target=other)
    with Padding("reflect"):
        thread.start()
        entered.wait(10)
        out["reflect"] = conv(x)
        checked.set()
        thread.join()
    assert torch.equal(out["reflect"], under(["reflect"], lambda: conv(x)))
    assert torch.equal(out["zeros"], conv(x))


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize("make", [torch.jit.script, lambda m: torch.jit.trace(m, torch.zeros(1, 3, 9, 9))])
def test_scripted_and_traced_modules_are_refused(make):
    scripted, x = (
        make(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()).eval()),
        torch.randn(1, 3, 9, 9),
    )
    want = scripted(x)
    for model in (scripted, nn.Sequential(nn.Identity(), scripted)):
        with (
            Padding("reflect"),
            pytest.raises(ValueError, match="scripted or traced.*'reflect'.*Python module"),
        ):
            model(x)
        with Padding("zeros"), pytest.raises(ValueError, match="model"):
            model(x)
        assert torch.equal(model(x), want)  # nothing is left behind


@pytest.mark.filterwarnings("ignore:Using `torch.compile.* when there are global hooks")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("how", ["module", "in place", "function"])
def test_compiled_models_run_uncompiled(scheme, how):
    torch.manual_seed(0)
    torch.compiler.reset()
    calls = []

    def backend(graph, example):
        calls.append(graph)
        return graph

    model = Network()
    if how == "in place":
        compiled = Network()
        compiled.first, compiled.norm, compiled.second = model.first, model.norm, model.second
        compiled.compile(backend=backend)
    else:
        compiled = torch.compile(model if how == "module" else lambda x: model(x), backend=backend)
    x, results = torch.randn(2, 3, 9, 11), []
    compiled(x)  # compiled once without a scheme
    count = len(calls)
    for run in (model, compiled):
        model.zero_grad()
        out = under([scheme], lambda run=run: run(x))
        out.square().sum().backward()
        results.append([out, *(p.grad.clone() for p in model.parameters())])
    for eager, traced in zip(*results):
        torch.testing.assert_close(traced, eager)
    assert count == len(calls) > 0
    compiled(x.clone())
    assert torch.compiler.set_stance("default").prev.stance == "default"  # nothing is left behind


def test_gradient_checkpoints_take_the_context_along():
    torch.manual_seed(0)
    model, x = Network().eval(), torch.randn(2, 3, 9, 11, requires_grad=True)
    with Padding("reflect"):
        plain = model(x)
    with Padding("reflect"):
        again = torch.utils.checkpoint.checkpoint(
            model, x, use_reentrant=False, context_fn=lambda: (Padding("reflect"), Padding("reflect"))
        )
    (want,), (got,) = (torch.autograd.grad(y.square().sum(), x) for y in (plain, again))
    torch.testing.assert_close(got, want)
