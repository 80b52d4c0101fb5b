"""What stands in a file of nn~ beside the module."""

import json

import torch

from tonewright.export.torchscript.saving import saved

ABOUT = "tonewright.json"


def to_bytes(module: torch.jit.ScriptModule, about: dict) -> bytes:
    """The file of a module, with facts and words beside it as JSON, which players ignore."""
    return saved(module, {ABOUT: json.dumps(about, sort_keys=True, ensure_ascii=False)})
