import importlib.util
import subprocess
import sys
from pathlib import Path

import lightning as L
import pandas as pd
import pytest
import torch
from torch import nn

from pppkit import InfiniteScene, Padding, measure_ppp, models
from pppkit.training import Classifier, PaddedModule, PPPMonitor, Recipe, fit, loader
from pppkit.training.datasets import Images, shapes

SCRIPT = Path(__file__).parent / "train_and_die.py"
spec = importlib.util.spec_from_file_location("train_and_die", SCRIPT)
train_and_die = importlib.util.module_from_spec(spec)
spec.loader.exec_module(train_and_die)


def small(padding="reflect", **kwargs):
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, 2, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 2),
    )
    return Classifier(net, padding, **kwargs)


def colours(n=128):
    """Light and dark noise: learned in seconds."""
    labels = torch.arange(n) % 2
    noise = torch.randint(0, 100, (n, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    return Images((noise + 100 * labels.view(-1, 1, 1, 1)).to(torch.uint8), labels)


def quick(module, folder, epochs=2, **kwargs):
    return fit(
        module,
        colours(),
        colours(32),
        epochs=epochs,
        batch=16,
        folder=folder,
        accelerator="cpu",
        progress=False,
        **kwargs,
    )


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    state = torch.random.get_rng_state()
    trained = train_and_die.train(tmp_path_factory.mktemp("whole"))
    assert torch.equal(torch.random.get_rng_state(), state), "the global random state must be left alone"
    return trained


@pytest.mark.parametrize("epoch", [0, 2])
def test_a_killed_training_goes_on_where_it_was(tmp_path, epoch, uninterrupted):
    whole, monitor = uninterrupted
    died = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "cut"), str(epoch)], capture_output=True, text=True
    )
    assert died.returncode == -9, died.stderr
    saved = [torch.load(p, weights_only=True)["epoch"] for p in (tmp_path / "cut").glob("*.ckpt")]
    assert saved == ([epoch - 1] if epoch else [])
    resumed, again = train_and_die.train(tmp_path / "cut")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    timeless = [c for c in monitor.rows if c != "seconds"]
    pd.testing.assert_frame_equal(monitor.rows[timeless], again.rows[timeless])
    assert monitor.rows["epoch"].unique().tolist() == [0, 1, 2, 3]
    assert all((monitor.maps[k] == again.maps[k]).all() for k in monitor.maps)


def test_two_processes_train_as_one(tmp_path):
    script = Path(__file__).parent / "train_on_several.py"
    runs = [
        subprocess.run(
            [sys.executable, str(script), str(tmp_path / str(n)), str(n)],
            capture_output=True,
            text=True,
            timeout=180,
        )
        for n in (1, 2)
    ]
    assert not any(run.returncode for run in runs), runs[-1].stderr
    one, two = (torch.load(tmp_path / str(n) / "weights.pt", weights_only=True) for n in (1, 2))
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=1e-4), name
    rows = [pd.read_csv(tmp_path / str(n) / "rows.csv").drop(columns="seconds") for n in (1, 2)]
    assert rows[0]["epoch"].tolist() == [0, 1, 2, 3]  # measured by one of the processes
    pd.testing.assert_frame_equal(*rows, rtol=1e-3)  # the losses and accuracies of all held-out images, too


def test_it_learns_under_its_padding(tmp_path):
    module = small("full-circular", recipe=Recipe(lr=0.03))
    trainer = quick(module, tmp_path, epochs=8)
    assert trainer.callback_metrics["val_accuracy"] == 1
    x = colours(4).tensors[0]
    with Padding("full-circular"):
        expected = module.model(module.normalized(x))
    assert torch.equal(module(x), expected) and module(x).shape == (4, 2)
    assert not torch.allclose(module.model(module.normalized(x)), expected)  # the padding matters here


def test_networks_are_trained_in_train_mode(tmp_path):
    class Modes(L.Callback):
        def on_train_batch_start(self, trainer, module, batch, index):
            assert all(m.training for m in module.model.modules())

    module = small()
    module.model.eval()  # as pppkit.models.build gives them
    quick(
        module,
        tmp_path,
        epochs=1,
        callbacks=[PPPMonitor(InfiniteScene(0), layers=["0", "2"], size=16, n=1), Modes()],
    )


def test_same_seed_same_weights(tmp_path):
    def weights(seed, name):
        torch.manual_seed(0)
        module = small("randn", seed=seed)
        quick(module, tmp_path / name, epochs=1)
        return module.model[0].weight

    assert torch.equal(weights(1, "a"), weights(1, "b"))
    assert not torch.equal(weights(1, "c"), weights(2, "d"))


def test_checkpoints_are_kept(tmp_path):
    quick(small(), tmp_path, epochs=4, keep_every=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["epoch=001.ckpt", "epoch=003.ckpt", "last.ckpt"]
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]
    assert "model.0.weight" in state


class Plain(L.LightningModule):
    """Somebody else's module: its network has another name, it knows nothing of pppkit."""

    def __init__(self):
        super().__init__()
        self.net = models.build("resnet50", width=0.0625, num_classes=8)

    def training_step(self, batch, index):
        return nn.functional.cross_entropy(self.net(batch[0] / 255), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


def test_the_monitor_watches_any_module(tmp_path):
    monitor = PPPMonitor({"world": InfiniteScene(4)}, 2, network="net", size=[32, 48], n=2)
    module = Plain()
    data = loader(shapes(32, 32), 16, seed=0)
    trainer = L.Trainer(
        max_epochs=3,
        callbacks=[monitor],
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(module, data)
    rows = monitor.rows
    assert (
        rows["epoch"].unique().tolist() == [0, 2, 3]
        and set(rows["source"]) == {"world"}
        and set(rows["size"]) == {32, 48}
    )
    direct = measure_ppp(module.net, InfiniteScene(4), size=48, n=2, progress=False).rows
    last = rows[(rows["epoch"] == 3) & (rows["size"] == 48)]
    assert last["snr_ppp"].tolist() == pytest.approx(direct["snr_ppp"].tolist(), rel=1e-5)
    assert monitor.maps[3, "world", 48, "layer4"].shape == (2, 2)


def test_loader_shuffles_by_seed_and_epoch():
    data = colours(50)
    seen = []
    for seed, epoch in ((0, 0), (0, 1), (1, 0), (0, 0)):
        made = loader(data, 16, seed=seed)
        made.sampler.set_epoch(epoch)
        seen.append([x[0, 0, 0, 0].item() for x, _ in made])
        assert [len(x) for x, _ in made] == [16, 16, 16]  # the rest is left out
    assert seen[0] == seen[3] and seen[0] != seen[1] and seen[0] != seen[2]
    assert torch.equal(torch.cat([x for x, _ in loader(data, 16)]), data.tensors[0])
    shares = [torch.cat([y for _, y in loader(data, 5, seed=0, replicas=2, rank=r)]) for r in (0, 1)]
    assert [len(s) for s in shares] == [25, 25]


def test_bad_input_is_named(tmp_path):
    for call, words in (
        (lambda: small("mirror"), "'mirror' is not a padding scheme"),
        (lambda: Recipe(lr=-1), "lr=-1 must not be negative"),
        (lambda: Classifier(nn.Conv2d(3, 2, 1)), "no linear layer"),
        (lambda: PPPMonitor(InfiniteScene(0), 0), "every=0"),
        (lambda: quick(small(), tmp_path, epochs=0), "epochs=0"),
        (lambda: fit(small(), colours(1), colours(2), epochs=1, folder=tmp_path), "train has 1 images"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(NotImplementedError):
        PaddedModule(nn.Conv2d(3, 1, 1)).loss(torch.zeros(1), torch.zeros(1))
