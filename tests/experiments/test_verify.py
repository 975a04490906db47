from dataclasses import replace

import pandas as pd
import pytest

from pppkit.experiments import EXPERIMENTS
from pppkit.experiments import verify as module
from pppkit.experiments.__main__ import main
from pppkit.experiments.base import Experiment
from pppkit.experiments.verify import compare, draw, known_seconds, left_out, verify

LAYERS = ["a", "b"]
VALUES = {"cell": "x", "seed": 0, "profile": "published"}
STORED = pd.DataFrame({"layer": LAYERS, "value": [1.0, 2.0], "other": [float("nan"), 0.0]}).assign(**VALUES)


def grid(profile="published"):
    return [{"cell": "x", "seed": seed, "profile": profile} for seed in (0, 1)]


def as_stored(trial, context):
    return STORED[["layer", "value", "other"]]


def other_values(trial, context):
    return as_stored(trial, context).assign(value=[1.0, 2.5])


MINE = Experiment(
    name="mine",
    title="An experiment of the tests",
    key=("cell", "seed", "profile"),
    profiles={"published": {}},
    grid=grid,
    measure=as_stored,
    here=True,
    within=("layer",),
    metrics=("value", "other"),
)


def test_compare_by_hand():
    swapped = STORED.iloc[::-1].assign(value=[2.002, 1.0])
    found = compare(MINE, STORED, swapped)
    assert found["rows"] == 2 and found["largest difference"] == pytest.approx(0.001) and found["agrees"]
    assert not compare(replace(MINE, tolerance=1e-4), STORED, swapped)["agrees"]
    filled = STORED.assign(other=[0.0, 0.0])  # a number where there was none
    assert not compare(MINE, STORED, filled)["agrees"]
    near = STORED.assign(other=[float("nan"), 1e-4])  # beside 0
    assert not compare(MINE, STORED, near)["agrees"]
    assert compare(replace(MINE, floor=0.1), STORED, near)["agrees"]
    empty, without = STORED.assign(other=float("nan")), STORED.drop(columns="other")
    assert compare(MINE, empty, without)["agrees"]  # saliency networks have no accuracy
    with pytest.raises(KeyError, match="other"):
        compare(MINE, STORED, without)
    with pytest.raises(ValueError, match="lacks 1 of 2"):
        compare(MINE, STORED, STORED.iloc[:1])
    as_numbers = STORED.assign(cell=["1", "1"]), STORED.assign(cell=[1, 1])
    assert compare(MINE, *as_numbers)["agrees"]  # as a file gives them back


@pytest.fixture
def folder(tmp_path, monkeypatch):
    MINE.run(tmp_path, grid()[:1], progress=False)
    monkeypatch.setitem(EXPERIMENTS, "mine", MINE)
    return tmp_path


def test_it_draws_and_compares(folder, monkeypatch, capsys):
    lines = []
    found = verify(folder, 2, experiments=["mine"], say=lines.append)
    assert len(found) == 2 and found["agrees"].all() and found["rows"].tolist() == [2, 2]
    assert found["trial"].tolist() == ["x, 0, published"] * 2  # the one that has rows
    assert lines[0] == "2 trials: 2 took 0 s when their rows were made (training comes on top)"
    assert lines[1].startswith("1/2 mine: x, 0, published")
    assert "2 rows, largest difference 0, tolerance 0.001: agrees" in lines[2] and len(lines) == 5
    arguments = ["verify", "--folder", str(folder), "--count", "1", "--experiment", "mine"]
    assert main(arguments) == 0
    monkeypatch.setitem(EXPERIMENTS, "mine", replace(MINE, measure=other_values))
    assert main(arguments) == 1 and "difference 0.25" in capsys.readouterr().out


def test_what_cannot_be_drawn_is_said(folder, capsys):
    with pytest.raises(ValueError, match="count=3: there is nothing to draw from .*nowhere"):
        verify(folder / "nowhere", experiments=["mine"])
    with pytest.raises(ValueError, match="experiments='yours' is not one of emergence, .*, mine"):
        verify(folder, experiments=["yours"])
    assert main(["verify", "--folder", str(folder), "--experiment", "mine", "--path", "satellite"]) == 2
    assert "--path 'satellite' must be NAME=VALUE" in capsys.readouterr().err


def test_what_a_trial_builds_on_is_computed_first(folder, monkeypatch):
    done = []

    def first(trial, context):
        (context.folder / "made").write_text("x")
        return as_stored(trial, context)

    def second(trial, context):
        done.append((context.folder / "made").is_file())
        return as_stored(trial, context)

    base = replace(MINE, name="base", measure=first)
    monkeypatch.setitem(EXPERIMENTS, "mine", replace(MINE, measure=second, after=lambda t: [(base, t)]))
    assert verify(folder, 1, experiments=["mine"])["agrees"].all() and done == [True]


def test_trials_that_need_missing_data_are_not_drawn(folder, monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "mine", replace(MINE, needs=lambda trial: ("cifar10",)))
    with pytest.raises(
        ValueError, match="nothing to draw .*; left out without --path cifar10=FOLDER .*: 1 of mine"
    ):
        draw(folder, 1, experiments=["mine"])
    assert draw(folder, 1, experiments=["mine"], paths={"cifar10": folder})


def test_what_is_left_out_is_said(folder, monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "needy", replace(MINE, needs=lambda trial: ("weights",)))
    lines = []
    verify(folder, 1, experiments=["mine", "needy"], say=lines.append)
    weights = "weights=FOLDER (state dicts of networks that others have trained)"
    assert lines[0] == f"left out without --path {weights}: 1 of needy"
    assert left_out(folder, {"weights": folder}, ["mine", "needy"]) == ""


EVERYWHERE = {"satellite": "x", "cifar10": "x", "weights": "x"}  # drawing opens no folder


def test_every_result_file_can_be_drawn_from(published):
    measured = [name for name, e in EXPERIMENTS.items() if e.store(published).path.exists()]
    for name, experiment in ((name, EXPERIMENTS[name]) for name in measured):
        ((found, trial),) = draw(published, 1, experiments=[name], seed=0, paths=EVERYWHERE)
        rows = experiment.rows(published, [trial])
        assert found is experiment and len(rows) and set(experiment.metrics) <= set(rows), name
        assert (
            set(experiment.within) <= set(rows)
            and not rows.duplicated([*experiment.key, *experiment.within]).any()
        )
        assert compare(experiment, rows, rows)["largest difference"] == 0
    drawn = draw(published, 2 * len(measured), seed=1, paths=EVERYWHERE)
    turns = [experiment.name for experiment, _ in drawn]
    first, second = turns[: len(measured)], turns[len(measured) :]
    assert sorted(first) == sorted(measured) and second == first


def test_seconds_that_rows_know(published):
    trained = EXPERIMENTS["chronology"].trials()[0]
    rows = EXPERIMENTS["chronology"].rows(published, [trained])
    each = rows.groupby(["epoch", "source", "size"])["seconds"].first()
    assert known_seconds(EXPERIMENTS["chronology"], trained, published) == pytest.approx(each.sum())
    assert known_seconds(EXPERIMENTS["spectra"], EXPERIMENTS["spectra"].trials()[0], published) is None
    read_out = EXPERIMENTS["posenet"].trials()[0]
    assert known_seconds(EXPERIMENTS["posenet"], read_out, published) == pytest.approx(each.sum())


def test_a_published_trial_is_computed_again(published):
    cheap = module.EXPERIMENTS["initial"]
    trials = [t for t in cheap.trials() if t["data"] == "cifar10" and t["padding"] == "zeros"]
    found = module.again(cheap, trials[0], module.Context(published, {}))
    stored = cheap.rows(published, trials[:1])
    scenes = stored[stored["source"] == "scenes"]
    assert compare(cheap, scenes, found)["agrees"] and len(scenes) == 8
