"""A TorchScript module as the bytes of a file, with nothing in them of whose machine wrote it, or when.

The same module gives the same bytes in every process that writes one; a second one has other names for its classes.
What others put into a module stays in it: a `.nm` file has the time in it at which neutone-sdk wrapped the model.
"""

import io
import zipfile

import torch

from tonewright.export.torchscript.build import compiling

DATE = (1980, 1, 1, 0, 0, 0)
# Where in our own files a line of the program comes from, with paths; and a number that is drawn.
LEFT_OUT = (".debug_pkl", "/.data/serialization_id")


def saved(module: torch.jit.ScriptModule, beside: dict[str, str]) -> bytes:
    """The file of a module, with texts beside it by name.

    >>> from tonewright.export.torchscript.build import scripted
    >>> from tonewright.models.lstm import Model
    >>> from tonewright.runtime.player import Player
    >>> from tonewright.storage import Tone
    >>> data = saved(scripted(Player(Tone("lstm", Model(), 48000))), {"note": "to play"})
    >>> zipfile.is_zipfile(io.BytesIO(data)), b".debug_pkl" in data
    (True, False)
    """
    raw, made = io.BytesIO(), io.BytesIO()
    with compiling():
        torch.jit.save(module, raw, _extra_files={name: text.encode() for name, text in beside.items()})
    with zipfile.ZipFile(raw) as whole, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as kept:
        for name in whole.namelist():
            if not name.endswith(LEFT_OUT):
                kept.writestr(zipfile.ZipInfo(name, DATE), whole.read(name))
    return made.getvalue()
