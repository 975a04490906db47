import pytest
import torch
from PIL import Image

from pppkit import Padding, measure_ppp, models, verify_alignment
from pppkit.metrics import weighted_f
from pppkit.models.picanet import GlobalAttention, LocalAttention
from pppkit.scenes import InfiniteScene
from pppkit.training.saliency import LAYOUTS, Saliency, fixed_map, open_masks, open_test_masks


def one_weight(convolution, place):
    """Makes an attention look at one of its places only, everywhere."""
    torch.nn.init.zeros_(convolution.weight)
    torch.nn.init.zeros_(convolution.bias)
    convolution.bias.data[place] = 100.0


def test_local_attention_by_hand():
    attention = LocalAttention(2, 3).eval()
    x = torch.randn(1, 2, 9, 9, generator=torch.Generator().manual_seed(0))
    one_weight(attention.weights[-1], 24)  # the middle of 7 x 7: the pixel itself
    assert torch.allclose(attention(x), x)
    one_weight(attention.weights[-1], 25)  # the next one, two pixels to the right
    assert torch.allclose(attention(x)[..., :-2], x[..., 2:]) and attention(x)[..., -2:].abs().max() < 1e-30


def test_global_attention_by_hand():
    attention = GlobalAttention(2, 3, grid=4)
    x = torch.randn(2, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    one_weight(attention.weights, 5)  # row 1, column 1 of the 4 x 4 grid
    expected = x[:, :, 2:4, 2:4].mean((2, 3))[..., None, None].expand_as(x)
    assert torch.allclose(attention(x), expected, atol=1e-6)
    torch.nn.init.zeros_(attention.weights.bias)
    assert torch.allclose(attention(x), x.mean((2, 3), keepdim=True).expand_as(x), atol=1e-6)


def test_global_attention_sweeps_rows_then_columns():
    attention, x = (
        GlobalAttention(2, 3, grid=2),
        torch.randn(2, 2, 3, 5, generator=torch.Generator().manual_seed(0)),
    )
    rows = torch.stack([attention.across(x[:, :, i].transpose(1, 2))[0] for i in range(3)], 1)
    columns = torch.stack([attention.down(rows[:, :, j])[0] for j in range(5)], 2)
    weights = attention.weights(columns.permute(0, 3, 1, 2)).softmax(1)
    seen = torch.nn.functional.adaptive_avg_pool2d(x, 2)
    assert torch.allclose(attention(x), torch.einsum("nck,nkyx->ncyx", seen.flatten(2), weights), atol=1e-6)


@pytest.fixture(scope="module")
def net():
    return models.build("vgg16_sod", width=0.0625, init="kaiming")


def test_six_maps_of_the_image_s_size(net):
    with torch.no_grad():
        assert net(torch.rand(1, 3, 48, 64)).shape == (1, 6, 48, 64)
        with Padding("none"):
            assert net(torch.rand(1, 3, 384, 384)).shape == (1, 6, 384, 384)


def test_the_full_network_is_vgg16():
    import torchvision

    with torch.device("meta"):
        ours, theirs = models.build("vgg16_sod", init="kaiming"), torchvision.models.vgg16()
    shapes = [tuple(p.shape) for p in theirs.features.parameters()]
    assert [tuple(p.shape) for p in ours.features.parameters()] == shapes


def test_its_ppp_can_be_measured(net):
    assert (verify_alignment(net, size=32)["relative"] < 1e-5).all()
    rows = measure_ppp(
        net, InfiniteScene(0), size=32, n=2, padding=["zeros", "none"][:1], progress=False
    ).rows
    assert (
        rows["layer"].tolist() == list(models.LAYERS_OF_INTEREST["vgg16_sod"]) and (rows["snr_ppp"] > 0).all()
    )


def test_losses_and_score():
    module = Saliency(models.build("vgg16_sod", width=0.0625, init="kaiming"), "reflect")
    mask = torch.zeros(2, 8, 8)
    mask[:, 2:6, 2:6] = 1
    right = (200 * mask - 100)[:, None].expand(2, 6, 8, 8)
    assert module.loss(right, mask) < 1e-30
    last_wrong = right.clone()
    last_wrong[:, -1] = 0  # log 2 for every pixel, of weight 1
    assert module.loss(last_wrong, mask).item() == pytest.approx(0.6931, abs=1e-4)
    first_wrong = right.clone()
    first_wrong[:, 0] = 0
    assert module.loss(first_wrong, mask).item() == pytest.approx(0.3466, abs=1e-4)
    assert module.score(right, mask)["weighted_f"].compute() == 1


def test_a_folder_in_the_manner_of_duts(tmp_path):
    for part in ("TR", "TE"):
        for kind in ("Image", "Mask"):
            (tmp_path / f"DUTS-{part}" / f"DUTS-{part}-{kind}").mkdir(parents=True)
        for i in range(3):
            folder = tmp_path / f"DUTS-{part}"
            Image.new("RGB", (30, 20), (40 * i, 7, 7)).save(folder / f"DUTS-{part}-Image" / f"{i}.jpg")
            mask = Image.new("L", (30, 20), 0)
            mask.paste(255, (0, 0, 15, 20))
            mask.save(folder / f"DUTS-{part}-Mask" / f"{i}.png")
    train, test = open_masks(str(tmp_path), 16)
    assert len(train) == len(test) == 3
    image, mask = train[2]
    assert image.shape == (3, 16, 16) and abs(int(image[0, 8, 8]) - 80) < 4
    assert mask[:, :7].all() and not mask[:, 9:].any()
    assert len(open_masks(str(tmp_path), 16, train=2)[0]) == 2
    (tmp_path / "DUTS-TE" / "DUTS-TE-Mask" / "1.png").unlink()
    with pytest.raises(ValueError, match=r"1 images have no mask \(first: .*1.png"):
        open_masks(str(tmp_path), 16)
    with pytest.raises(ValueError, match="nor a folder in the manner of DUTS: .*DUTS-TR-Image is missing"):
        open_masks("nowhere", 16)


def test_the_best_map_that_ignores_the_picture():
    masks = torch.zeros(6, 12, 12)
    masks[:, 3:9, 3:9] = 1
    assert torch.equal(fixed_map(masks), masks[0])
    masks[::2, :, 9:] = 1  # half of them reach further
    found, usual = fixed_map(masks), masks[1]
    assert (
        weighted_f(found.expand_as(masks), masks).mean() >= weighted_f(usual.expand_as(masks), masks).mean()
    )
    assert found[3:9, 3:9].all() and not found[:, :3].any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_folders_that_saliency_is_tested_on(tmp_path, layout):
    pictures, masks = (tmp_path / part for part in LAYOUTS[layout])
    for folder in (pictures, masks):
        folder.mkdir(parents=True)
    with pytest.raises(ValueError, match=r"no \*.jpg in"):
        open_test_masks(tmp_path, 16)
    for i in range(2):
        Image.new("RGB", (30, 20), (40 * i, 7, 7)).save(pictures / f"{i}.jpg")
        Image.new("L", (30, 20), 255 * i).save(masks / f"{i}.png")
    pixels, wanted = open_test_masks(tmp_path, 16).tensors
    assert pixels.shape == (2, 3, 16, 16) and wanted.mean((1, 2)).tolist() == [0, 1]
    assert len(open_test_masks(tmp_path, 16, limit=1)) == 1


def test_a_folder_that_is_none_of_them(tmp_path):
    with pytest.raises(
        ValueError, match=r"no folders of images and masks; known are .*\(ECSSD\); .*PASCAL-S"
    ):
        open_test_masks(tmp_path, 16)
    with pytest.raises(ValueError, match="margin=4: pictures of data=.* have no surroundings"):
        open_masks(str(tmp_path), 16, margin=4)
