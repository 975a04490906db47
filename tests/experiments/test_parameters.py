"""What parameters of notebooks choose."""

import pytest

from pppkit import InfiniteScene
from pppkit.experiments import parameters
from pppkit.experiments.ppp import chronology


def test_published_networks_are_those_of_the_rows():
    assert parameters.networks("published") == chronology.published()
    some = parameters.networks("published", "vgg19", "randn, zeros", "cifar10")
    assert {(t["model"], t["padding"], t["data"]) for t in some} == {
        ("vgg19", padding, "cifar10") for padding in ("zeros", "randn")
    }


def test_other_profiles_train_on_what_there_is():
    alone, both = (
        parameters.networks("quick"),
        parameters.networks("quick", paths={"cifar10": "x", "satellite": "y"}),
    )
    assert {t["data"] for t in alone} == {"scenes"} and {t["data"] for t in both} == {"scenes", "cifar10"}
    assert {t["profile"] for t in both} == {"quick"}
    assert [
        t["padding"] for t in parameters.networks("quick", "vgg19", "reflect", "cifar10", {"cifar10": "x"})
    ] == ["reflect"]


@pytest.mark.parametrize(
    "given, words",
    [
        ({"model": "vgg"}, "model='vgg' is not one of vgg19, resnet50, efficientnet_b0"),
        ({"padding": "zeros,mirror"}, "padding='mirror' is not one of zeros, reflect"),
        ({"data": "cifar10"}, "data='cifar10' is not one of scenes"),
        ({"model": 3}, "model=3 must be text: one or more of"),
    ],
)
def test_names_that_no_network_has_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        parameters.networks("quick", **given)


def test_sources():
    assert parameters.sources("published") == ["scenes", "satellite"]
    assert parameters.sources("quick") == ["scenes"] and parameters.sources("quick", "satellite") == [
        "satellite"
    ]
    assert parameters.sources("quick", paths={"satellite": "x"}) == ["scenes", "satellite"]
    with pytest.raises(ValueError, match="source='moon' is not one of scenes, satellite"):
        parameters.sources("published", "moon")


def test_pictures_for_a_network_of_ones_own(satellite):
    assert isinstance(parameters.pictures("scenes", seed=3), InfiniteScene)
    assert len(parameters.pictures(str(next((satellite / "tile_1").iterdir())))) == 9
    with pytest.raises(ValueError, match="source='nowhere' is neither scenes nor satellite nor a folder"):
        parameters.pictures("nowhere")
    assert parameters.image_count("quick") == 4 and parameters.image_count("quick", 7) == 7
    with pytest.raises(ValueError, match="images=-1"):
        parameters.image_count("quick", -1)


def test_weights_are_files_or_a_folder(tmp_path):
    assert parameters.weights_and_paths("") == ([], {"weights": ""})
    found = parameters.weights_and_paths(str(tmp_path), satellite="there")
    assert found == ([], {"satellite": "there", "weights": str(tmp_path)})
    assert parameters.weights_and_paths("a.pt, b.pt") == (["a.pt", "b.pt"], {"weights": ""})
