import pandas as pd
import pytest

from pppkit.experiments import verify as module
from pppkit.experiments.verify import EXPERIMENTS, Experiment, compare, main, verify

STORED = pd.DataFrame({"layer": ["a", "b"], "value": [1.0, 2.0], "other": [float("nan"), 0.0]})
TRIAL = {"cell": "x", "seed": 0}


def experiment(again, tolerance=1e-3):
    return Experiment(
        ("cell", "seed"),
        lambda w: [TRIAL],
        lambda t, w: again,
        lambda t: [t],
        ("layer",),
        ("value", "other"),
        tolerance,
    )


def test_compare_by_hand():
    swapped = STORED.iloc[::-1].assign(value=[2.002, 1.0])
    found = compare(experiment(swapped), STORED, swapped)
    assert found["rows"] == 2 and found["largest difference"] == pytest.approx(0.001) and found["agrees"]
    assert not compare(experiment(swapped, 1e-4), STORED, swapped)["agrees"]
    assert compare(experiment(swapped, 1e-4), STORED.assign(tolerance=0.01), swapped)[
        "agrees"
    ]  # the row's own comes first
    assert not compare(experiment(STORED), STORED, STORED.assign(other=[0.0, 0.0]))[
        "agrees"
    ]  # a number where there was none
    near = STORED.assign(other=[float("nan"), 1e-4])  # beside 0
    assert (
        not compare(experiment(near), STORED, near)["agrees"]
        and compare(experiment(near)._replace(floor=0.1), STORED, near)["agrees"]
    )
    empty = STORED.assign(other=float("nan"))
    assert compare(experiment(STORED), empty, STORED.drop(columns="other"))[
        "agrees"
    ]  # saliency networks have no accuracy
    with pytest.raises(KeyError, match="other"):
        compare(experiment(STORED), STORED, STORED.drop(columns="other"))
    with pytest.raises(ValueError, match="lacks 1 of 2"):
        compare(experiment(STORED), STORED, STORED.iloc[:1])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    STORED.assign(**TRIAL).to_csv(tmp_path / "mine.csv", index=False)
    monkeypatch.setattr(module, "EXPERIMENTS", {"mine": experiment(STORED)})
    return tmp_path


def test_it_draws_and_compares(folder, monkeypatch, capsys):
    found = verify(folder, 2, experiments=["mine"])
    assert len(found) == 2 and found["agrees"].all() and found["rows"].tolist() == [2, 2]
    arguments = ["--results", str(folder), "--count", "1", "--experiment", "mine"]
    assert main(arguments) == 0
    monkeypatch.setattr(module, "EXPERIMENTS", {"mine": experiment(STORED.assign(value=[1.0, 2.5]))})
    assert main(arguments) == 1 and "0.25" in capsys.readouterr().out
    with pytest.raises(ValueError, match="nothing to draw"):
        verify(folder / "nowhere", experiments=["mine"])


def test_published_trials_are_found_again():
    from pppkit.results import Store

    where = module.Where(None, {})
    for name in ("bhv", "untrained"):
        e = EXPERIMENTS[name]
        trial = e.trials(where)[-1]
        rows = Store(f"book/results/{name}.csv", e.key).rows(e.stored(trial))
        assert len(rows) and set(e.metrics) <= set(rows)
