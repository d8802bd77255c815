"""An inventory, written for a test."""

from __future__ import annotations

from pathlib import Path

HOSTS = "    hosts: [{name: a, address: a.example}]\n"


def write(folder: Path, text: str, name: str = "inventory.yml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
