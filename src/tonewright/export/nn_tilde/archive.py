"""A TorchScript module as the bytes of a file, with nothing in them of whose machine wrote it, or when.

The same model gives the same bytes in every process that writes one; a second one has other names for its classes.
"""

import io
import json
import zipfile

import torch

from tonewright.export.torchscript.build import compiling

ABOUT = "tonewright.json"
DATE = (1980, 1, 1, 0, 0, 0)
# Where in our own files a line of the program comes from, with paths; and a number that is drawn.
LEFT_OUT = (".debug_pkl", "/.data/serialization_id")


def to_bytes(module: torch.jit.ScriptModule, about: dict) -> bytes:
    """The file of a module, with facts and words beside it as JSON, which players ignore."""
    raw, made = io.BytesIO(), io.BytesIO()
    text = json.dumps(about, sort_keys=True, ensure_ascii=False)
    with compiling():
        torch.jit.save(module, raw, _extra_files={ABOUT: text.encode()})
    with zipfile.ZipFile(raw) as whole, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as kept:
        for name in whole.namelist():
            if not name.endswith(LEFT_OUT):
                kept.writestr(zipfile.ZipInfo(name, DATE), whole.read(name))
    return made.getvalue()
