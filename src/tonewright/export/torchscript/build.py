"""The builder: a TorchScript module whose forward is the layer graph of a model, written out.

The nodes with weights or a memory are modules, one class for each operation; the source of `forward` calls them in
the order of the graph. Nothing of the Python of a model goes into it, so it needs no tonewright where it is played.
"""

import inspect
import math

import torch
from torch import Tensor, nn

from tonewright.errors import ConfigError
from tonewright.export.graphs import traced
from tonewright.export.torchscript import (
    all_passes,
    convolutions,
    delays,
    dynamics,
    filters,
    hearing,
    loop,
    recurrent,
    room,
    synthesis,
)
from tonewright.export.torchscript.compiling import Node, compiling, function
from tonewright.export.torchscript.glue import GLUE, expression
from tonewright.layers.base import Layer
from tonewright.layers.operations import PRIMITIVES
from tonewright.models.base import Model, channels_of
from tonewright.runtime.player import Player
from tonewright.runtime.stream import settled_state
from tonewright.threads import one_thread

ROOMS = (all_passes, convolutions, delays, dynamics, filters, hearing, recurrent, room, synthesis)
NODES = {op: make for room_ in ROOMS for op, make in room_.NODES.items()}
WITHOUT_MODULE = ("input", "number", "constant", "feedback", *GLUE)
# Weights of a node that the modules want to know when they are made.
FIXED = {
    "delay_line": ("feedback", "damping"),
    "delay_network": ("gains", "damping", "inputs", "outputs"),
    "all_passes": ("feedback",),
    "filters": ("sections",),
    "follow": ("attack", "release"),
    "lag": ("slow", "fast"),
    "phasor": ("rate_hz", "phase"),
    "long_fir": ("response",),
}


def scripted(player: Player) -> torch.jit.ScriptModule:
    """The model of a player as a TorchScript module that plays by itself.

    `forward(x [B, inputs, T], controls [B, P, T])` gives [B, outputs, T * ratio], where P is the number of the
    model's ports, in their order, and T one block of it, several or none. It goes on from where it was, and begins
    settled, as a stream does, with the controls at their defaults. Where B is another than before, all memories begin
    anew; `reset()` lets them begin anew at any time.

    Raises:
        ConfigError: for a model with an operation that TorchScript modules do not have, naming it.

    >>> from tonewright.models.wavenet import PRESETS, Model as WaveNet
    >>> from tonewright.storage import Tone
    >>> player = Player(Tone("wavenet", WaveNet(PRESETS["nano"]), sample_rate=48000))
    >>> module, x = scripted(player), torch.randn(1, 1, 64)
    >>> y = module(x, torch.zeros(1, 0, 64))
    >>> bool(torch.allclose(y[0, 0], torch.from_numpy(player.render(x[0, 0].numpy())), atol=1e-6))
    True
    """
    return of_model(player.model)


def of_model(
    model: Model,
    memories: dict[str, list[Tensor]] | None = None,
    copies: dict | None = None,
) -> torch.jit.ScriptModule:
    """The same of a model that is no player's, in eval mode.

    Args:
        model: the model.
        memories: what its layers begin with, as `settled` gives it, which is what they begin with otherwise.
        copies: of weights; modules that are made with the same dict share those that their models share.
    """
    graph, tensors = traced(model)
    check_graph(graph)
    if memories is None:
        memories = settled(model, {port.name: port.default for port in model.ports})
    copies = {} if copies is None else copies
    kept = {name: _copy_of(tensor, copies) for name, tensor in tensors.items()}
    places = {port.name: f"controls[:, {i} : {i + 1}]" for i, port in enumerate(model.ports)}
    with compiling():
        whole = _Written(graph, kept, memories)
        return whole.module(
            "x, controls",
            {"x": "x", **places},
            [
                "if x.size(0) != self.batch:",
                "    self.begin(x.size(0))",
                "if x.size(2) == 0:",
                f"    return x.new_zeros([x.size(0), {channels_of(model)[1]}, 0])",
            ],
        )


def _copy_of(tensor: Tensor, copies: dict) -> Tensor:
    """The same copy for the same tensor, which is kept as well: or another one could come to where it was."""
    key = tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype
    if key not in copies:
        copies[key] = tensor, tensor.detach().clone()
    return copies[key][1]


def check_graph(graph: dict) -> None:
    """Refuse a graph with a node that there is no module for.

    Raises:
        ConfigError: naming the operation, or the layer.
    """
    named = [node["name"] for node in graph["nodes"] if node["state"]]
    for name in named:
        if named.count(name) > 1:
            raise ConfigError(
                f"TorchScript has one memory for each layer, and '{name}' is played twice with two"
            )
    for node in graph["nodes"]:
        op = node["op"]
        if op not in NODES and op not in WITHOUT_MODULE:
            raise ConfigError(f"TorchScript has no '{op}', which this model uses")
        for name in FIXED.get(op, ()):
            if name not in node["weights"]:
                raise ConfigError(f"TorchScript has no '{op}' whose {name} moves, which this model uses")
        if op == "feedback":
            check_graph(node["attributes"]["graph"])


@one_thread()
def settled(model: Model, controls: dict[str, float]) -> dict[str, list[Tensor]]:
    """What each layer remembers when a stream begins, by its name; each [1, ...]."""
    layers = {name: layer for name, layer in model.named_modules() if type(layer) in PRIMITIVES}
    found = {name: layer.initial_state(1) for name, layer in layers.items()}

    def noted(name: str):
        def note(layer: Layer, args: tuple, result: tuple) -> None:
            found[name] = result[1]

        return note

    hooks = [layer.register_forward_hook(noted(name)) for name, layer in layers.items()]
    try:
        settled_state(model, 1, controls)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: [memory.detach().clone() for memory in state] for name, state in found.items()}


class _Written:
    """A graph, while it is written out."""

    def __init__(self, graph: dict, tensors: dict, memories: dict, loop: bool = False):
        self.graph, self.tensors, self.memories, self.loop = graph, tensors, memories, loop
        self.words: list[str] = []  # what each node is called in the source, or the number that it is

    def module(self, arguments: str, places: dict[str, str], first: list[str]) -> torch.jit.ScriptModule:
        """The module with `forward(arguments)`, where `places` are what the input nodes stand for."""
        # a class of its own: compiled types are shared by class
        holder = type("Graph", (nn.Module,), {"__annotations__": {}})()
        holder.batch = 1
        lines, begun = list(first), ["self.batch = batch"]
        for i, node in enumerate(self.graph["nodes"]):
            made = self._module(node)
            if made is not None:
                name = f"{node['op']}_{i}"
                holder.add_module(name, torch.jit.script(made))
                if hasattr(made, "begin"):
                    begun.append(f"self.{name}.begin(batch)")
                    if list(inspect.signature(made.forward).parameters) == ["x"]:
                        type(holder).__annotations__[name] = Node
            lines += self._line(i, node, places, holder)
        lines.append(f"return {self.words[self.graph['output']]}")
        compiled = torch.jit.script(holder)
        parts = ("begin(self, batch: int) -> None", begun), (f"forward(self, {arguments})", lines)
        reset = ("reset(self) -> None", ["self.begin(self.batch)"])
        compiled.define("\n".join(function(head, body) for head, body in (*parts, reset)))
        return compiled

    def _module(self, node: dict) -> nn.Module | None:
        op = node["op"]
        starts = self.memories.get(node["name"], []) if node["state"] else []
        if op == "feedback":
            body = _Written(node["attributes"]["graph"], self.tensors, self.memories, loop=True)
            return loop.Feedback(body.module("x, y", {"x": "x", "y": "y"}, []), starts[0])
        if op not in NODES:
            return None
        weights = {key: self.tensors[name] for key, name in node["weights"].items()}
        given = node["attributes"], weights, starts
        return (loop.conv1d(*given) if self.loop and op == "conv1d" else None) or NODES[op](*given)

    def _line(self, i: int, node: dict, places: dict[str, str], holder: nn.Module) -> list[str]:
        """The line of a node, if it needs one."""
        op, attributes, word = node["op"], node["attributes"], f"v{i}"
        operands = [self.words[j] for j in node["inputs"]]
        if op == "number":
            self.words.append(_literal(float(attributes["value"])))
            return []
        self.words.append(word)
        if op == "input":
            return [f"{word} = {places[attributes['port']]}"]
        if op == "constant":
            holder.register_buffer(word, self.tensors[node["weights"]["value"]])
            return [f"{word} = self.{word}"]
        if op in GLUE:
            numbers = [self.graph["nodes"][j]["op"] == "number" for j in node["inputs"]]
            return [f"{word} = {expression(op, operands, attributes, numbers)}"]
        return [f"{word} = self.{op}_{i}({', '.join(operands)})"]


def _literal(number: float) -> str:
    return repr(number) if math.isfinite(number) else f"float('{number}')"
