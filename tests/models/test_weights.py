"""The manifest and the strict loading of weights."""

import hashlib
import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from models.manifest import ASSETS, ChangedAsset, read_manifest
from models.weights import find_weights, load_weights, shipped_networks


def assets_with(folder: Path, state: dict[str, torch.Tensor], name: str = "net") -> Path:
    (folder / "weights").mkdir()
    path = folder / "weights" / f"{name}.safetensors"
    save_file(state, path)
    entry = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "source": "a test",
    }
    (folder / "manifest.json").write_text(json.dumps({"files": {f"weights/{name}.safetensors": entry}}))
    return folder


def test_loads_half_precision_into_float32(tmp_path: Path) -> None:
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    assets = assets_with(tmp_path, {k: v.half() for k, v in source.state_dict().items()})
    asset = find_weights("net", assets)
    assert asset is not None
    assert asset.licence == "Apache-2.0"
    load_weights(target, asset)
    assert target.weight.dtype == torch.float32
    assert torch.equal(target.weight, source.weight.half().float())


@pytest.mark.fault
def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    asset = find_weights("net", assets_with(tmp_path, nn.Linear(3, 2).state_dict()))
    assert asset is not None
    data = bytearray(asset.path.read_bytes())
    data[-1] ^= 1
    asset.path.write_bytes(data)
    with pytest.raises(ChangedAsset, match="the manifest says"):
        load_weights(nn.Linear(3, 2), asset)


def test_networks_that_ship_are_named_by_the_manifest(tmp_path: Path) -> None:
    """With weights and a graph; the weights of a part of a network have none."""
    assert shipped_networks(tmp_path) == ()
    manifest = assets_with(tmp_path, nn.Linear(3, 2).state_dict()) / "manifest.json"
    assert shipped_networks(tmp_path) == ()
    listed = json.loads(manifest.read_text())["files"]
    listed["weights/net.onnx"] = listed["weights/net.safetensors"]
    manifest.write_text(json.dumps({"files": listed}))
    assert shipped_networks(tmp_path) == ("net",)
    manifest.write_text("{")
    assert shipped_networks(tmp_path) == ()


@pytest.mark.fault
def test_missing_entry_file_and_manifest(tmp_path: Path) -> None:
    assert find_weights("net", tmp_path) is None
    assets = assets_with(tmp_path, nn.Linear(3, 2).state_dict())
    assert find_weights("another", assets) is None
    asset = find_weights("net", assets)
    assert asset is not None
    asset.path.unlink()
    with pytest.raises(FileNotFoundError, match="missing"):
        load_weights(nn.Linear(3, 2), asset)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("network", "match"),
    [
        (nn.Linear(4, 2), "0 tensors missing, 0 unknown, 1 of another shape"),
        (nn.Linear(3, 2, bias=False), "0 tensors missing, 1 unknown"),
        (nn.Sequential(nn.Linear(3, 2)), "2 tensors missing, 2 unknown"),
    ],
)
def test_keys_must_fit(tmp_path: Path, network: nn.Module, match: str) -> None:
    path = tmp_path / "w.safetensors"
    save_file(nn.Linear(3, 2).state_dict(), path)
    with pytest.raises(ValueError, match=match):
        load_weights(network, path)


@pytest.mark.fault
def test_a_pickle_is_refused_unread(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "boom",))

    path = tmp_path / "w.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="not a safetensors file"):
        load_weights(nn.Linear(3, 2), path)
    assert not (tmp_path / "boom").exists()


@pytest.mark.fault
@pytest.mark.parametrize("text", ["{", "[]", '{"files": {"a": {}}}', '{"files": []}'])
def test_a_broken_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=r"manifest\.json: expected"):
        read_manifest(tmp_path)


def test_every_shipped_weight_is_listed_and_whole() -> None:
    manifest = read_manifest()
    for path in (ASSETS / "weights").glob("*.safetensors"):
        manifest[f"weights/{path.name}"].check()
