"""`python -m pppkit.experiments`: what it prints, what it refuses, and that an interrupted run goes on."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pppkit.experiments import EXPERIMENTS
from pppkit.experiments.__main__ import main, own_folder
from pppkit.experiments.ppp import spectra


def run(*arguments, cwd):
    command = [sys.executable, "-m", "pppkit.experiments", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=dict(os.environ))


def test_list_names_every_experiment(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(EXPERIMENTS)
    assert "spectra.csv" in lines[-1] and spectra.EXPERIMENT.title in lines[-1]


def test_a_part_of_a_grid_is_run_and_found_again(tmp_path, capsys):
    arguments = ["--profile", "quick", "--where", "source=scenes", "--folder", str(tmp_path)]
    assert main(["run", "spectra", *arguments]) == 0
    assert "1 of 1 trials are missing" in capsys.readouterr().out
    made = (tmp_path / "spectra.csv").read_text()
    assert main(["run", "spectra", *arguments]) == 0
    assert "0 of 1 trials are missing" in capsys.readouterr().out
    assert (tmp_path / "spectra.csv").read_text() == made
    assert main(["status", "spectra", "--profile", "quick", "--folder", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "spectra: 2 trials" in out and "1 missing" in out and "missing: satellite, quick" in out


def test_published_rows_are_not_where_a_run_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(own_folder()) == "my-results"
    (tmp_path / "notebooks").mkdir()
    assert own_folder().as_posix() == "notebooks/my-results"  # where the notebooks look


def test_from_any_folder_as_a_program(tmp_path):
    done = run("run", "spectra", "--profile", "quick", "--where", "source=scenes", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "my-results" / "spectra.csv").is_file()
    assert "spectra" in done.stderr and "trial/s" in done.stderr  # progress, with the time left


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["run", "bvh"], "name='bvh' is not one of emergence, pitfalls"),
        (["run", "spectra", "--profile", "slow"], "profile='slow' is not one of quick, published, paper"),
        (
            ["run", "spectra", "--where", "source=moon"],
            "source=moon: no trial has it; choose from scenes, satellite",
        ),
        (["run", "spectra", "--where", "padding=zeros"], "trials have no such column, but source, profile"),
        (["run", "spectra", "--path", "satellite"], "--path 'satellite' must be NAME=VALUE"),
        (["run", "spectra", "--path", "satellite=nowhere"], "'nowhere' of 'satellite' is not a folder"),
        (["run", "spectra", "--where", "source=satellite"], "give paths={'satellite': FOLDER}"),
        (["run", "bhv", "--client", "0", "--where", "seed=0"], "client=0 must be a dask Client"),
        (["status", "bvh"], "name='bvh' is not one of"),
        (["verify", "--count", "0"], "count=0: there is nothing to draw"),
    ],
)
def test_errors_are_sentences(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and words in err and not list(tmp_path.iterdir())


def test_a_failed_trial_is_named(tmp_path, monkeypatch, capsys):
    def fails(*arguments):
        raise ValueError("no luck")

    monkeypatch.setattr("pppkit.experiments.ppp.spectra.spectrum", fails)
    where = ["--where", "source=scenes", "--profile", "quick"]
    assert main(["run", "spectra", *where, "--folder", str(tmp_path)]) == 1
    assert "1 of 1 spectra failed; the first was {'source': 'scenes'" in capsys.readouterr().err


@pytest.fixture
def in_the_background():
    """As a shell starts a job with `&`: interrupts are ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    after = signal.signal(signal.SIGINT, before)
    assert after == signal.SIG_IGN, "a command leaves the handler as it was"


@pytest.mark.usefixtures("in_the_background")
def test_a_run_ends_in_time_and_the_same_command_goes_on(tmp_path, monkeypatch, capsys):
    arguments = [
        "run",
        "spectra",
        "--profile",
        "quick",
        "--where",
        "source=scenes",
        "--folder",
        str(tmp_path),
    ]
    own = spectra.spectrum

    def slow(*given):
        time.sleep(30)
        return own(*given)

    with monkeypatch.context() as patch:
        patch.setattr("pppkit.experiments.ppp.spectra.spectrum", slow)
        began = time.monotonic()
        assert main([*arguments, "--minutes", "0.02"]) == 130
        assert time.monotonic() - began < 20
    assert "the same command goes on where it stopped" in capsys.readouterr().err
    assert main([*arguments, "--minutes", "5"]) == 0
    assert "1 of 1 trials are missing" in capsys.readouterr().out
