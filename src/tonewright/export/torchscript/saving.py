"""A TorchScript module as the bytes of a file."""

import io
import warnings
import zipfile

import torch

DEBUG = ".debug_pkl"  # where on the disk each line of the program was, for error messages


def saved(module: torch.jit.ScriptModule, extra_files: dict[str, str] | None = None) -> bytes:
    """What `torch.jit.save` writes, without the names of the folders of the one who wrote it.

    Args:
        module: to save.
        extra_files: texts to put beside it, by name.

    >>> from tonewright.export.torchscript.build import scripted
    >>> from tonewright.models.lstm import Model
    >>> from tonewright.runtime.player import Player
    >>> from tonewright.storage import Tone
    >>> data = saved(scripted(Player(Tone("lstm", Model(), 48000))), {"note": "to play"})
    >>> zipfile.is_zipfile(io.BytesIO(data)), b".debug_pkl" in data
    (True, False)
    """
    whole, kept = io.BytesIO(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of all of torch.jit
        torch.jit.save(module, whole, _extra_files=extra_files)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(kept, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(DEBUG):
                target.writestr(zipfile.ZipInfo(entry.filename), source.read(entry))
    return kept.getvalue()
