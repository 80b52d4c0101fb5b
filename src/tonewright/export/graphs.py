"""The layer graph of a model, for formats that say it operation by operation in words of their own."""

from torch import Tensor

from tonewright.errors import ConfigError, NotPlayable
from tonewright.layers.graph import trace_whole
from tonewright.models.base import Model


def traced(model: Model) -> tuple[dict, dict[str, Tensor]]:
    """The graph of a model, and the tensors that it names.

    Raises:
        ConfigError: for an operation that no graph can hold.

    >>> from tonewright.models.lstm import PRESETS, Model as LSTM
    >>> graph, tensors = traced(LSTM(PRESETS["1x8"]))
    >>> [node["op"] for node in graph["nodes"]]
    ['input', 'lstm', 'conv1d', 'constant', 'mul']
    """
    try:
        graph, folded = trace_whole(model, tuple(port.name for port in model.ports))
    except NotPlayable as error:
        raise ConfigError(str(error)) from error
    return graph, {**dict(model.named_buffers()), **model.state_dict(), **folded}
