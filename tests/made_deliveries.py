"""Deliveries made up for tests: folders of `data/raw` with their source record."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BAD_INPUTS = Path(__file__).with_name("bad_inputs")
CASES = sorted(p for p in BAD_INPUTS.iterdir() if p.suffix == ".csv" or (p / "good.csv").is_file())
RECORD = {
    "kind": "observations", "title": "测试交付", "publisher": "统计科", "published": "2024-02-01",
    "retrieved": "2024-03-01", "evidence": "official", "licence": "仅供测试",
}  # fmt: skip


def project(folder: Path) -> Path:
    """Make a project that knows the regions, and nothing else."""
    (folder / "notebooks").mkdir(parents=True)
    shutil.copytree(ROOT / "data/raw/regions", folder / "data/raw/regions")
    return folder


def deliver(folder: Path, content: bytes, file: str = "figures.csv", **record: Any) -> None:
    """Make the folder of a delivery of one file; `record` changes its source record."""
    folder.mkdir(parents=True)
    (folder / file).write_bytes(content)
    files = {file: hashlib.sha256(content).hexdigest()}
    text = json.dumps(RECORD | record | {"files": files})
    (folder / "source.yml").write_text(text, encoding="utf-8")


def deliver_case(case: Path, folder: Path) -> Path:
    """Make a project with one bad input as its only delivery."""
    raw = project(folder) / "data/raw"
    if case.is_dir():
        shutil.copytree(case, raw / "case")
        if (raw / "case/corrections.yml").exists():
            shutil.move(raw / "case/corrections.yml", raw / "corrections.yml")
    else:
        deliver(raw / "case", case.read_bytes(), case.name)
    return folder
