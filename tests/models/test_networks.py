"""Every preset keeps the same contract: shapes, ranges, gradients, sizes, mirrored answers for other inputs."""

from __future__ import annotations

import pytest
import torch

from movenet.errors import ConfigError
from movenet.models import build, preset_names
from movenet.models.__main__ import main
from movenet.models.heads import HeadLayout, PoseHeads
from movenet.models.layers import CheapSigmoid, Conv2d, SamePadConv2d
from movenet.models.profile import profile
from movenet.models.pyramid import HEATMAP_STRIDE, PyramidChannels, PyramidMaps

CHANNELS = PyramidChannels(fine=8, middle=7, coarse=6)
presets = pytest.mark.parametrize("name", preset_names())


@presets
@pytest.mark.parametrize("input_size", [64, 96])
@pytest.mark.parametrize("keypoints", [1, 5])
def test_heads_have_the_documented_shapes(name: str, input_size: int, keypoints: int) -> None:
    network = build(name, keypoints).eval()
    with torch.no_grad():
        heads = network(torch.rand(2, 3, input_size, input_size) * 255)
    grid = input_size // HEATMAP_STRIDE
    assert heads.heatmap.shape == (2, keypoints, grid, grid)
    assert heads.center.shape == (2, 1, grid, grid)
    assert heads.reg.shape == heads.offset.shape == (2, 2 * keypoints, grid, grid)


@presets
@pytest.mark.parametrize("probability", ["sigmoid", "cheap_sigmoid"])
def test_fresh_heatmaps_are_probabilities_near_the_prior(name: str, probability: str) -> None:
    network = build(name, 3, probability).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        heads = network(torch.rand(1, 3, 64, 64) * 255)
    for head in (heads.heatmap, heads.center):
        assert (head > 0.02).all()
        assert (head < 0.12).all()


@presets
def test_every_parameter_learns(name: str) -> None:
    network = build(name, 2).train()
    heads = network(torch.rand(2, 3, 64, 64) * 255)
    sum(head.square().sum() for head in heads).backward()
    without = [key for key, parameter in network.named_parameters() if parameter.grad is None]
    assert not without


@presets
def test_a_picture_is_answered_alike_alone_and_in_a_batch(name: str) -> None:
    network = build(name, 2).eval()
    pictures = torch.rand(3, 3, 64, 64) * 255
    with torch.no_grad():
        together, alone = network(pictures), network(pictures[1:2])
    for both, one in zip(together, alone, strict=True):
        torch.testing.assert_close(both[1:2], one, rtol=1e-3, atol=1e-4)


def test_google_sizes() -> None:
    lightning, thunder = profile(build("lightning", 17), 192), profile(build("thunder", 17), 256)
    assert (lightning.parameters, round(lightning.multiply_adds / 1e5)) == (2_317_974, 2705)
    assert (thunder.parameters, round(thunder.multiply_adds / 1e5)) == (6_226_046, 12198)


def test_profile_leaves_the_network_as_it_was() -> None:
    network = build("shufflenet_v2_x0_5", 2).train()
    profile(network, 64)
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'lightning'"):
        build("lightening", 17)


def test_cheap_sigmoid_is_monotonic_and_within_0_and_1() -> None:
    values = CheapSigmoid()(torch.linspace(-50, 50, 1001))
    assert (values.diff() > 0).all()
    assert values.min() > 0
    assert values.max() < 1
    assert CheapSigmoid()(torch.zeros(1)).item() == 0.5


@pytest.mark.parametrize("size", [8, 9])
def test_same_padding_pads_right_and_bottom_first(size: int) -> None:
    convolution = SamePadConv2d(1, 1, 3, stride=2, bias=False)
    torch.nn.init.zeros_(convolution.weight)
    convolution.weight.data[0, 0, 0, 0] = 1.0  # shows the top left cell of each window
    picture = torch.arange(1.0, size * size + 1).reshape(1, 1, size, size)
    result = convolution(picture)
    assert result.shape[-1] == -(-size // 2)
    # An even size is padded by one at the far side only; an odd one by one at each side.
    assert result[0, 0, 0, 0] == (1.0 if size % 2 == 0 else 0.0)


@pytest.mark.parametrize(
    ("head", "layout", "stride"),
    [("reg", HeadLayout(reg_is_coarse=True), 8), ("offset", HeadLayout(offset_is_middle=True), 2)],
)
def test_what_is_read_off_a_coarser_map_says_the_same_at_every_cell(head: str, layout: HeadLayout, stride: int) -> None:
    heads = PoseHeads(CHANNELS, 8, 1, "sigmoid", layout)
    # Cells of the fine grid that lie in the middle of the coarser one's.
    places = torch.arange(32 // stride) * stride + (stride - 1) / 2
    to_a_point = torch.stack(torch.meshgrid(20 - places, 9 - places, indexing="xy"))[None]
    maps = PyramidMaps(torch.rand(1, 8, 32, 32), torch.rand(1, 7, 16, 16), torch.rand(1, 6, 4, 4))
    setattr(heads, head, torch.nn.Identity())
    with torch.no_grad():
        read = getattr(heads(maps._replace(**{"middle" if head == "offset" else "coarse": to_a_point})), head)[0]
    x, y = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="xy")
    # Beyond the outermost middles nothing is known.
    inside = slice(stride // 2, 32 - stride // 2)
    expected = torch.ones_like(x)[inside, inside]
    torch.testing.assert_close((read[0] + x)[inside, inside], 20 * expected)
    torch.testing.assert_close((read[1] + y)[inside, inside], 9 * expected)


@pytest.mark.parametrize("fresh", [f"pyramid.refinements.{merge}.{unit}" for merge in range(2) for unit in range(2)])
def test_a_network_goes_on_with_fresh_residuals_as_it_was(fresh: str) -> None:
    plain, grown = build("blazepose_lite", 3).eval(), build("blazepose_refined", 3).eval()
    own = grown.state_dict()
    shared = {key: value for key, value in plain.state_dict().items() if key in own and own[key].shape == value.shape}
    grown.load_state_dict(shared, strict=False)
    image = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        assert all((a == b).all() for a, b in zip(plain.features(image), grown.features(image), strict=True))
        for kind in ("heatmap", "reg"):
            assert (getattr(plain(image), kind) == getattr(grown(image), kind)).all()
        torch.nn.init.ones_(grown.get_submodule(fresh).layers[-1][1].weight)
        assert (plain.features(image).fine != grown.features(image).fine).any()


def test_center_is_read_off_the_heatmaps_tower() -> None:
    heads = PoseHeads(CHANNELS, 8, 1, "sigmoid", HeadLayout(center_in_heatmap=True))
    heads.heatmap[0] = torch.nn.Conv2d(8, 8, 1)
    seen: list[torch.Tensor] = []
    heads.center.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    heads.heatmap[-1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    heads(PyramidMaps(torch.rand(1, 8, 16, 16), torch.rand(1, 7, 8, 8), torch.rand(1, 6, 2, 2)))
    assert seen[0] is seen[1]


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_depthwise_convolutions_under_autocast(kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    convolution = Conv2d(8, 8, kernel, stride, kernel // 2, groups=8)
    picture = torch.rand(2, 8, 16, 16)
    single = convolution(picture)
    with torch.autocast("cpu", torch.bfloat16):
        half = convolution(picture)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), single, rtol=0.03, atol=0.03)
    expected, found = (
        torch.autograd.grad(result.float().square().mean(), convolution.weight)[0] for result in (single, half)
    )
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.02 * expected.abs().max().item())


def test_the_table_of_presets_names_them_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["movenet.models", "--input-sizes", "64"])
    assert main() == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in preset_names())
    monkeypatch.setattr("sys.argv", ["movenet.models", "--input-sizes", "65"])
    assert main() == 2
