"""What every experiment inherits: rows, runs, needs and status, on small experiments made here."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pppkit.experiments import EXPERIMENTS
from pppkit.experiments.base import Experiment
from pppkit.experiments.context import Context, each_value
from pppkit.experiments.selection import where
from pppkit.results import origin

PROFILES = {"quick": {"n": 1}, "published": {"n": 2}}


def grid(profile="published"):
    return [{"model": m, "padding": ("zeros", "randn"), "profile": profile} for m in ("a", "b")]


def measure(trial, context):
    (context.folder / f"{trial['model']}.txt").write_text(context.device)
    rows = [{"padding": p, "layer": layer, "value": 1.5} for p in trial["padding"] for layer in (1, 2)]
    return pd.DataFrame(rows)


MINE = Experiment(
    name="mine",
    title="An experiment of the tests",
    key=("model", "padding", "profile"),
    profiles=PROFILES,
    grid=grid,
    measure=measure,
    here=True,
    within=("layer",),
    metrics=("value",),
)


def test_a_tuple_stands_for_several_rows():
    trial = {"model": "a", "padding": ("zeros", "randn"), "trial": (0, 1)}
    assert each_value(trial) == [
        {"model": "a", "padding": padding, "trial": i} for padding in ("zeros", "randn") for i in (0, 1)
    ]
    assert each_value({"model": "a"}) == [{"model": "a"}]


def test_rows_have_their_names_cost_and_provenance(tmp_path):
    rows = MINE.run(tmp_path, grid(), progress=False)
    assert rows["model"].tolist() == ["a"] * 4 + ["b"] * 4
    assert rows["padding"].tolist() == ["zeros", "zeros", "randn", "randn"] * 2
    assert (rows["device"] == "cpu").all() and (rows["seconds"] >= 0).all()
    assert (rows["profile"] == "published").all() and {"torch", "pppkit", "revision"} <= set(rows)
    pd.testing.assert_frame_equal(MINE.rows(tmp_path), rows)
    pd.testing.assert_frame_equal(MINE.rows(tmp_path, grid()[1:]), rows[4:].reset_index(drop=True))


def test_what_measure_says_itself_stays(tmp_path):
    def says(trial, context):
        return measure(trial, context).assign(seconds=7.0, device="a GPU")

    rows = replace(MINE, measure=says).run(tmp_path, grid(), progress=False)
    assert (rows["seconds"] == 7).all() and (rows["device"] == "a GPU").all()


def test_only_what_is_missing_is_measured(tmp_path):
    MINE.run(tmp_path, grid()[:1], progress=False)
    asked, kept = [], []

    def counted(trial, context):
        asked.append(trial["model"])
        return measure(trial, context)

    counting = replace(MINE, measure=counted, stored=lambda trial, context: kept.append(trial["model"]))
    assert len(counting.run(tmp_path, grid(), progress=False)) == 8 and asked == kept == ["b"]
    counting.run(tmp_path, grid(), progress=False)
    assert asked == kept == ["b"]
    assert counting.missing(tmp_path, [*grid(), *grid("quick")]) == grid("quick")


def test_a_trial_of_which_a_row_is_missing_is_measured_again(tmp_path):
    part = [{**grid()[0], "padding": ("zeros",)}]
    MINE.run(tmp_path, part, progress=False)
    assert MINE.missing(tmp_path, grid()) == grid()
    rows = MINE.run(tmp_path, grid(), progress=False)
    assert len(rows) == 8 and not rows.duplicated(["model", "padding", "layer"]).any()


def test_the_same_rows_on_dask(tmp_path):
    trials = EXPERIMENTS["spectra"].grid("quick", "scenes")
    here = EXPERIMENTS["spectra"].run(tmp_path / "here", trials, progress=False)
    away = EXPERIMENTS["spectra"].run(tmp_path / "away", trials, client=1, progress=False)
    assert here["power"].tolist() == away["power"].tolist()


def test_data_without_a_folder_is_refused_before_any_work(tmp_path):
    needy = replace(MINE, needs=lambda trial: ("cifar10",))
    for paths, words in (
        (
            {},
            r"paths has no folder for 'cifar10', its images as train/.*give paths=\{'cifar10': FOLDER\}",
        ),
        ({"cifar10": ""}, "paths has no folder for 'cifar10'"),
        ({"cifar10": tmp_path / "nowhere"}, "nowhere' of 'cifar10' is not a folder"),
    ):
        with pytest.raises(ValueError, match=words):
            needy.run(tmp_path, grid(), paths=paths, progress=False)
    assert not list(tmp_path.iterdir())
    assert len(needy.run(tmp_path, grid(), paths={"cifar10": tmp_path}, progress=False)) == 8
    assert len(needy.run(tmp_path, grid())) == 8  # present rows need no data


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_keeps_the_contract(name, published):
    experiment = EXPERIMENTS[name]
    assert experiment.name == name and "profile" in experiment.key and experiment.metrics
    for profile in ("quick", "published", "paper"):
        trials = experiment.trials(profile)
        experiment.store("").check([row for t in trials for row in experiment.rows_of(t)])
        assert all(experiment.settings(t) for t in trials)
        for trial in trials[:1]:
            with pytest.raises(ValueError, match="profile='slow' is not one of quick, published, paper"):
                experiment.settings({**trial, "profile": "slow"})
    with pytest.raises(ValueError, match="profile='slow' is not one of quick, published, paper"):
        experiment.trials("slow")
    if experiment.store(published).path.exists():  # a grid is published whole
        assert experiment.missing(published, experiment.trials()) == []


def test_status(tmp_path, monkeypatch):
    MINE.run(tmp_path, grid()[:1], progress=False)
    monkeypatch.setattr("pppkit.experiments.base.commits_since", lambda revision: 0)
    assert MINE.status(tmp_path, grid())["state"].tolist() == ["present", "missing"]
    monkeypatch.setattr("pppkit.experiments.base.commits_since", lambda revision: 3)
    found = MINE.status(tmp_path, grid())
    assert found["state"].tolist() == ["older", "missing"] and found["rows"].tolist() == [4, 0]
    assert found["commits"][0] == 3 and pd.isna(found["commits"][1])
    monkeypatch.setattr("pppkit.experiments.base.commits_since", lambda revision: None)
    assert MINE.status(tmp_path, grid())["state"].tolist() == ["present", "missing"]
    assert MINE.status(tmp_path / "nowhere", grid())["state"].tolist() == ["missing", "missing"]


def test_commits_since(tmp_path, monkeypatch):
    def git(*arguments):
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-C", str(tmp_path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    package = tmp_path / "package"
    package.mkdir()
    git("init", "-q")
    revisions = []
    for path in ("package/a.py", "package/b.py", "page.md"):
        (tmp_path / path).write_text("x")
        git("add", "-A")
        git("commit", "-qm", path)
        revisions.append(git("rev-parse", "--short=12", "HEAD"))
    monkeypatch.setattr(origin, "PACKAGE", package)
    origin.commits_since.cache_clear()
    assert [origin.commits_since(r) for r in revisions] == [1, 0, 0]  # a page is no code
    assert origin.commits_since(f"{revisions[1]}+") == 1
    assert origin.commits_since("") is None and origin.commits_since("123456789abc") is None
    monkeypatch.setattr(origin, "PACKAGE", Path("/"))
    assert origin.commits_since(revisions[2] + "0") is None
    origin.commits_since.cache_clear()


def test_where():
    assert where(MINE, grid(), ["model=b"]) == grid()[1:]
    assert where(MINE, grid(), ["padding=randn", "model=a,b"]) == grid()
    assert where(EXPERIMENTS["bhv"], EXPERIMENTS["bhv"].trials(), ["background=0", "padding=none", "seed=3"])
    for conditions, words in (
        (["layer=1"], "--where layer=1: trials have no such column, but model, padding, profile"),
        (["model=c"], "--where model=c: no trial has it; choose from a, b"),
        (["model"], "--where 'model' must be NAME=VALUE"),
        (["model="], "--where 'model=' must be NAME=VALUE"),
    ):
        with pytest.raises(ValueError, match=words):
            where(MINE, grid(), conditions)
    apart = [{**grid()[0], "padding": "zeros"}, {**grid()[1], "padding": "randn"}]
    with pytest.raises(ValueError, match="no trial meets all of these"):
        where(MINE, apart, ["model=a", "padding=randn"])


def test_context(tmp_path):
    assert Context(tmp_path, device="cuda:1").hardware == {"accelerator": "gpu", "devices": [1]}
    assert Context(tmp_path, device="cuda").hardware == {"accelerator": "gpu", "devices": 1}
    assert Context(tmp_path).hardware == {"accelerator": "cpu", "devices": 1}
    assert Context(tmp_path).sources == ["scenes"]
    assert Context(tmp_path, {"satellite": "x"}).sources == ["scenes", "satellite"]
    (tmp_path / "theirs" / "weights").mkdir(parents=True)
    (tmp_path / "theirs" / "weights" / "net.pt").touch()
    context = Context(tmp_path / "mine", inputs=tmp_path / "theirs")
    assert context.weights("net.pt") == tmp_path / "theirs" / "weights" / "net.pt"
    (tmp_path / "mine" / "weights").mkdir(parents=True)
    (tmp_path / "mine" / "weights" / "net.pt").touch()
    assert context.weights("net.pt") == tmp_path / "mine" / "weights" / "net.pt"  # its own come first


def test_contributing_shows_an_experiment_as_it_is():
    root = Path(__file__).parents[2]
    text = (root / "CONTRIBUTING.md").read_text()
    shown = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    code = (root / "pppkit" / "experiments" / "ppp" / "spectra.py").read_text()
    (whole,) = [block for block in shown if "EXPERIMENT" in block]
    for part in whole.strip().split("\n\n\n"):
        assert part in code, part
