"""The BHV test by hand: positions, images, splits, trajectories, and classifiers whose scores are known."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from pppkit import Padding
from pppkit.experiments import bhv
from pppkit.experiments.base import measured
from pppkit.experiments.bhv.squares import (
    Squares,
    background_colour,
    background_name,
    make_splits,
    render,
    trajectories,
)
from pppkit.experiments.context import Context

AUTHORS_DIGEST = "7be969db4c00df516c5e410c34f7a1aa4c36649d76b9324554278e32441715bd"
HAND = Squares(
    np.array([[[3, 0], [10, 5]], [[19, 27], [26, 22]]]), np.array([0, 1])
)  # red left of green, then green left of red


def keys(squares):
    return {tuple(p.ravel()) for p in squares.positions}


class Constant(nn.Module):
    def forward(self, x):
        return torch.tensor([[0.0, 1.0]]).expand(len(x), 2)


class Position(nn.Module):
    """Class 1 where the squares are in the upper half: it sees height and nothing else."""

    def forward(self, x):
        height = (x[:, :2] > 0.9).float().sum((1, 3)).argmax(1)
        return torch.stack([(height < 14).float(), (height >= 14).float()], 1)


class LeftOfGreen(nn.Module):
    """Class 1 where red is left of green, wherever the two are."""

    def forward(self, x):
        red, green = (((x[:, c] > 0.9) & (x[:, 1 - c] < 0.1)).any(1).float().argmax(1) for c in (0, 1))
        return torch.stack([(red < green).float(), (red >= green).float()], 1)


# the data


def test_an_image_by_hand():
    image = render(HAND, (0.0, 0.25, 0.5))[0]
    assert image.shape == (3, 32, 32) and image.dtype == torch.float32
    assert image[:, 3, 0].tolist() == [1, 0, 0] and image[:, 6, 3].tolist() == [
        1,
        0,
        0,
    ]  # red's first and last pixel
    assert image[:, 10, 5].tolist() == [0, 1, 0] and image[:, 13, 8].tolist() == [0, 1, 0]
    for y, x in ((2, 0), (7, 3), (6, 4), (10, 4), (14, 8), (13, 9), (31, 31)):
        assert image[:, y, x].tolist() == [0.0, 0.25, 0.5]
    assert (image[0] == 1).sum() == 16 and (image[1] == 1).sum() == 16


@pytest.mark.parametrize("splits", ["disjoint", "authors"])
def test_positions_keep_the_authors_rule(splits):
    for name, squares in make_splits(splits).items():
        red, green = squares.positions[:, 0], squares.positions[:, 1]
        first = squares.labels == 0
        left, right = np.where(first[:, None], red, green), np.where(first[:, None], green, red)
        assert left[:, 1].min() >= 0 and left[:, 1].max() <= 9
        assert (right[:, 1] - left[:, 1]).min() == 5 and right[:, 1].max() == 27
        upper = first if name != "dissimilar" else ~first
        for y in (red[:, 0], green[:, 0]):
            assert set(y[upper]) <= set(range(3, 11)) and set(y[~upper]) <= set(range(19, 27))
        if name != "trajectories":
            assert (squares.labels[:6] == [0, 1, 0, 1, 0, 1]).all() and len(squares) == (
                2000 if name == "train" else 1000
            )
            assert set(red[upper, 0]) == set(range(3, 11))  # every height is drawn


def test_every_place_of_the_authors_stream():
    """The first images and a digest of all, made with the authors' published function."""
    train = make_splits("authors")["train"]
    assert train.positions[:2].tolist() == [[[8, 8], [3, 25]], [[22, 12], [19, 7]]]
    assert hashlib.sha256(render(train).numpy().astype(np.uint8).tobytes()).hexdigest() == AUTHORS_DIGEST


def test_disjoint_splits_are_and_the_authors_are_not():
    ours, theirs = make_splits(), make_splits("authors")
    parts = [keys(ours[name]) for name in ("train", "validation", "similar")]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert (ours["train"].positions == theirs["train"].positions).all()
    for name in ("validation", "similar"):
        assert (theirs[name].positions == theirs["train"].positions[:1000]).all()


def test_the_dissimilar_test_moves_each_class_by_half_the_image():
    splits = make_splits()
    moved = splits["dissimilar"].positions - splits["similar"].positions
    assert (moved[..., 1] == 0).all() and (moved[:, 0] == moved[:, 1]).all()
    assert (moved[splits["similar"].labels == 0, 0, 0] == 16).all() and (
        moved[splits["similar"].labels == 1, 0, 0] == -16
    ).all()


def test_trajectories_by_hand():
    path, which = trajectories(Squares(HAND.positions[:1], HAND.labels[:1]))
    assert len(path) == 19 and (which == 0).all()  # the lower square goes from y = 10 to 28
    assert path.positions[0].tolist() == [[3, 0], [10, 5]] and path.positions[-1].tolist() == [
        [21, 0],
        [28, 5],
    ]
    assert (np.diff(path.positions[:, :, 0], axis=0) == 1).all() and (
        np.diff(path.positions[:, :, 1], axis=0) == 0
    ).all()
    both, which = trajectories(HAND)
    assert np.bincount(which).tolist() == [19, 3] and (both.labels == np.array([0, 1])[which]).all()
    start = make_splits()["trajectories"]
    assert len(start) == 228 and (start.labels == 0).all()


def test_data_seed():
    assert (make_splits(seed=5)["train"].positions == make_splits(seed=5)["train"].positions).all()
    assert (make_splits(seed=5)["train"].positions != make_splits(seed=6)["train"].positions).any()


@pytest.mark.parametrize(
    "given, rgb, name",
    [
        ("black", (0, 0, 0), "0.0"),
        ("grey", (0.5, 0.5, 0.5), "0.5"),
        (1, (1, 1, 1), "1.0"),
        ("0.3", (0.3, 0.3, 0.3), "0.3"),
        ("1,0,0.5", (1, 0, 0.5), "1.0,0.0,0.5"),
        ((0, 0.5, 1), (0, 0.5, 1), "0.0,0.5,1.0"),
    ],
)
def test_backgrounds(given, rgb, name):
    assert background_colour(given) == rgb and background_name(given) == name
    assert background_name(background_name(given)) == name


# the scores


def score(model, background="black"):
    return bhv.evaluate(model, make_splits(), background)


@pytest.mark.parametrize(
    "model, background, similar, dissimilar, inconsistency",
    [
        (Constant(), "black", 50.0, 50.0, 0.0),
        (Position(), "black", 100.0, 0.0, 100.0),
        (Position(), "grey", 100.0, 0.0, 100.0),
        (LeftOfGreen(), "black", 100.0, 100.0, 0.0),
    ],
)
def test_classifiers_whose_scores_are_known(model, background, similar, dissimilar, inconsistency):
    scores = score(model, background)
    assert (scores["similar"], scores["dissimilar"], scores["inconsistency"]) == (
        similar,
        dissimilar,
        inconsistency,
    )


def test_accuracy_along_the_trajectory():
    curve = score(LeftOfGreen())["trajectory"]
    assert curve.shape == (29,) and np.isnan(curve[:3]).all() and (curve[3:] == 100).all()
    curve = score(Position())["trajectory"]
    assert (curve[3:11] == 100).all() and (curve[24:] == 0).all()  # squares 7 apart at most
    assert (score(Constant())["trajectory"][3:] == 0).all()


def test_inconsistency_counts_trajectories_not_steps():
    assert bhv.inconsistency(
        np.array([0, 0, 0, 1, 1, 0, 1]), np.array([0, 0, 0, 1, 1, 2, 2])
    ) == pytest.approx(100 / 3)


# the network


def test_the_network_is_the_authors():
    net = bhv.Network(3)
    assert (
        sum(p.numel() for p in net.parameters())
        == 3 * 32 * 9 + 32 * 32 * 9 + 32 * 64 * 9 + 64 * 64 * 9 + 64 * 2 + 2
    )
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert [c.stride[0] for c in convs] == [1, 2, 2, 2] and not any(c.bias is not None for c in convs)
    state = torch.random.get_rng_state()
    with torch.random.fork_rng():
        torch.manual_seed(3)  # the order in which the authors' script makes its layers
        shapes = ((3, 32), (32, 32), (32, 64), (64, 64))
        theirs = [*(nn.Conv2d(*shape, 3, bias=False) for shape in shapes), nn.Linear(64, 2)]
    for ours, layer in zip([*convs, net.classifier], theirs):
        assert torch.equal(ours.weight, layer.weight)
    bhv.Network(4)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("scheme, size", [("zeros", 4), ("full-zeros", 6), ("full-randn", 6), ("none", 2)])
def test_sizes_of_the_last_features(scheme, size):
    with Padding(scheme):
        assert bhv.Network().features[:8](torch.rand(1, 3, 32, 32)).shape == (1, 64, size, size)


def test_circular_same_is_shift_equivariant_and_zeros_is_not():
    """Moving the image around the torus by the total stride leaves the logits as they are."""
    net, image = bhv.Network(0).eval(), render(HAND, "grey")
    moved = image.roll((8, 16), (2, 3))
    with torch.no_grad():
        with Padding("circular"):
            torch.testing.assert_close(net(image), net(moved), rtol=0, atol=1e-7)
        with Padding("zeros"):
            assert (net(image) - net(moved)).abs().max() > 1e-4


def test_bf16_is_close_and_logits_stay_float32():
    a, b = bhv.Network(0), bhv.Network(0, "bf16")
    images = render(make_splits()["train"][:50])
    assert b(images).dtype == torch.float32 and b.classifier.weight.dtype == torch.float32
    difference = (a(images) - b(images)).abs().max()
    assert 0 < difference < 0.02 * a(images).abs().max()


# the protocol


def reference(seed, images, labels, val, val_labels, epochs):
    """A plain loop of the protocol, written from its description, to check ours against."""
    net = bhv.Network(seed)
    optimizer = torch.optim.Adadelta(net.parameters(), lr=1.0, rho=0.9, eps=1e-6, weight_decay=5e-5)
    losses, states = [], []
    for _ in range(epochs):
        for i in range(0, len(images), 20):
            loss = nn.CrossEntropyLoss()(net(images[i : i + 20]), labels[i : i + 20])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            losses.append(nn.CrossEntropyLoss()(net(val), val_labels).item())
        states.append({k: v.clone() for k, v in net.state_dict().items()})
    return losses, states


def small_data(n=60):
    splits = make_splits()
    return [(render(splits[k][:n]), torch.from_numpy(splits[k].labels[:n])) for k in ("train", "validation")]


def test_training_is_the_protocol():
    training, validation = small_data()
    losses, states = reference(1, *training, *validation, epochs=4)
    net = bhv.Network(1)
    result = bhv.train(net, training, validation, epochs=4, batch=20)
    assert (
        result.epochs == 4
        and result.best_epoch == 1 + int(np.argmin(losses))
        and result.loss == pytest.approx(min(losses))
    )
    for name, value in net.state_dict().items():
        torch.testing.assert_close(value, states[result.best_epoch - 1][name])
    assert not net.training


class Scripted(nn.Module):
    """A model whose validation losses are told in advance; one batch is one epoch, one call in train mode."""

    def __init__(self, losses):
        super().__init__()
        self.losses, self.weight = losses, nn.Parameter(torch.zeros(1))
        self.register_buffer("epoch", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        if self.training:
            self.epoch += 1
            return self.weight * torch.ones(len(x), 2)
        loss = self.losses[int(self.epoch) - 1]  # two logits whose cross entropy with class 0 is that loss
        return torch.tensor([[0.0, float(np.log(np.expm1(loss)))]]).expand(len(x), 2)


@pytest.mark.parametrize(
    "losses, epochs, best",
    [
        ([5, 4, 3] + [3] * 20, 12, 3),  # an equal loss is not better; the ninth in a row stops it
        ([5, 4] + [6] * 8 + [3] + [6] * 9, 20, 11),  # eight in a row do not
        (list(range(30, 0, -1)), 30, 30),
    ],
)
def test_patience(losses, epochs, best):
    model = Scripted(losses).eval()
    data = (torch.zeros(2, 3, 4, 4), torch.zeros(2, dtype=torch.long))
    result = bhv.train(model, data, data, epochs=30)
    assert (result.epochs, result.best_epoch, int(model.epoch)) == (epochs, best, best)


def test_predict_restores_the_mode():
    net, images = bhv.Network(0), render(HAND)
    for mode in (True, False):
        net.train(mode)
        assert bhv.predict(net, images).shape == (2, 2) and net.training is mode


# rows


def trial(**changes):
    return bhv.grid(padding="zeros", background="black", networks=1, epochs=1)[0] | changes


def alone_row(trial):
    return measured(bhv.measure, bhv.KEY, Context(Path()), trial)


def comparable(rows):
    return rows.drop(columns=["seconds", "revision"])


@pytest.fixture(scope="module")
def alone():
    return {s: alone_row(trial(padding=s)) for s in ("zeros", "full-randn")}


def test_a_row(alone):
    row = alone["zeros"].iloc[0]
    assert set(bhv.KEY) <= set(alone["zeros"].columns) and row["device"] == "cpu" and row["seconds"] > 0
    assert 0 <= row["similar"] <= 100 and len(row["trajectory"].split()) == 29
    assert row["epochs_run"] == row["best_epoch"] == 1


def test_the_same_seed_gives_the_same_row(alone):
    for scheme, row in alone.items():
        torch.manual_seed(99)  # the global state must not matter
        pd.testing.assert_frame_equal(comparable(alone_row(trial(padding=scheme))), comparable(row))
    assert alone_row(trial(seed=1))["validation_loss"].item() != alone["zeros"]["validation_loss"].item()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sweep_gives_the_rows_of_each_trial_alone(alone, tmp_path, workers):
    trials = [trial(padding=s) for s in alone]
    rows = bhv.EXPERIMENT.run(tmp_path, trials, client=workers, progress=False)
    together = pd.concat(alone.values(), ignore_index=True)
    pd.testing.assert_frame_equal(comparable(rows), comparable(together), check_dtype=False)


def test_threads_are_restored():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    alone_row(trial(padding="none"))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_the_grid_of_table_1():
    trials = bhv.grid()
    assert len(trials) == 22 * 10 and len({tuple(t.values()) for t in trials}) == 220
    assert [t["seed"] for t in trials[:22]] == [0] * 22 and set(trials[0]) == set(bhv.KEY)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: bhv.grid(padding=["zero"]), "padding='zero' is not a padding scheme; choose one of zeros"),
        (
            lambda: bhv.grid(background="purple"),
            "background='purple' is not a colour; give one of black, grey, white",
        ),
        (lambda: bhv.grid(background=1.5), "background=1.5"),
        (lambda: bhv.grid(background=["0,1"]), "background='0,1'"),
        (lambda: bhv.grid(splits="same"), "splits='same' is not one of disjoint, authors"),
        (lambda: make_splits("none"), "splits='none'"),
        (lambda: bhv.grid(precision="fp16"), "precision='fp16' is not one of bf16, fp32"),
        (lambda: bhv.Network(precision="half"), "precision='half'"),
        (lambda: bhv.grid(networks=0), "networks=0 must be at least 1"),
        (lambda: bhv.grid("slow"), "profile='slow' is not one of quick"),
        (lambda: render(HAND.moved(10)), "squares must lie within 0 .. 28"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        call()
