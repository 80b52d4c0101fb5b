"""The neutone-sdk without the torchaudio, the network and the terminal that it takes for granted."""

import contextlib
import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import torch
from torch import Tensor, nn

from tonewright.audio.rates import resample
from tonewright.errors import ConfigError

INSTALL = "write: pip install '.[neutone]'"


@contextlib.contextmanager
def quiet() -> Iterator[ModuleType]:
    """The neutone-sdk, which meanwhile says nothing, warns of nothing and looks up no links.

    Raises:
        ConfigError: it is not installed.
    """
    sdk = load()
    links, log = sdk.metadata.requests, logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        sdk.metadata.requests = _NoNetwork
        try:
            yield sdk
        finally:
            sdk.metadata.requests = links
            logging.disable(log)


def load() -> ModuleType:
    """The neutone-sdk.

    It wants torchaudio, of which it uses one resampler. The torchaudio that pip installs is made for graphics cards,
    and does not open beside a torch without; then a small one of our own stands in for it.

    Raises:
        ConfigError: it is not installed, or something that it needs.
    """
    if {"neutone_sdk", "neutone_sdk.metadata"} <= sys.modules.keys():
        return sys.modules["neutone_sdk"]
    if importlib.util.find_spec("neutone_sdk") is None:
        raise ConfigError(f"a .nm file is written by neutone-sdk, which is not installed; {INSTALL}")
    with warnings.catch_warnings(), _torchaudio(), _own_log():
        warnings.simplefilter("ignore")
        try:
            sdk = importlib.import_module("neutone_sdk")
            importlib.import_module("neutone_sdk.metadata")
        except ImportError as error:
            reason = " ".join(str(error).split())
            raise ConfigError(
                f"a .nm file is written by neutone-sdk, which does not open here ({reason}); {INSTALL}"
            ) from error
    return sdk


class Resample(nn.Module):
    """Sound [C, T] from one rate to another: what the neutone-sdk uses of torchaudio."""

    def __init__(self, orig_freq: int, new_freq: int, **others):
        super().__init__()
        self.rates = orig_freq, new_freq

    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(resample(x.numpy(), *self.rates))


@contextlib.contextmanager
def _torchaudio() -> Iterator[None]:
    """A torchaudio that can be imported: the true one, or one that stands in for it and is gone afterwards."""
    try:
        importlib.import_module("torchaudio")
    except (ImportError, OSError):
        pass
    else:
        yield
        return
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        del sys.modules[name]  # what the true one had begun with
    whole, part = ModuleType("torchaudio"), ModuleType("torchaudio.transforms")
    whole.transforms, part.Resample = part, Resample
    sys.modules |= {"torchaudio": whole, "torchaudio.transforms": part}
    try:
        yield
    finally:
        del sys.modules["torchaudio"], sys.modules["torchaudio.transforms"]


@contextlib.contextmanager
def _own_log() -> Iterator[None]:
    """The log of the whole program stays as it was, which the neutone-sdk sets up for itself."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


class _NoNetwork:
    """In place of `requests`, by which the neutone-sdk looks whether links lead somewhere."""

    exceptions = SimpleNamespace(ConnectionError=ConnectionError)

    @staticmethod
    def head(link: str, **options) -> SimpleNamespace:
        return SimpleNamespace(status_code=200)
