"""The layer graph of a model: what `save` stores, and any player plays.

A model is written in Python as layers put together. Its one `forward` is run once, on a short silence, while a
recorder writes down what happens: a list of nodes, each a primitive with its own memory or a piece of glue.

    {"op": "conv1d", "name": "stacks.0.layers.3.conv", "inputs": [12], "attributes": {"dilation": 8, ...},
     "weights": {"weight": "stacks.0.layers.3.conv.weight"}, "state": [{"shape": [16, 16], "dtype": "float32"}]}

Inputs are indices of earlier nodes. The list of operations is closed (operations.py): for anything else `trace` says
which operation of which layer no native player knows. What a forward computes of weights alone, such as the gain of a
setting in dB, is no operation: its result is a tensor of the file, "folded.0" and so on.
"""

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tonewright.errors import NotPlayable
from tonewright.layers.base import Layer, State, refuse_norms_over_time
from tonewright.layers.feedback import Feedback
from tonewright.layers.operations import ARGUMENTS, GLUE, PRIMITIVES, SWAPPED

FOLDED = "folded."  # begins the names of tensors that were made of weights alone


def trace(model: Layer, ports: tuple[str, ...] = ()) -> dict:
    """The graph of a model's forward(x, state, **ports).

    Args:
        model: layers put together.
        ports: names of its controls; each becomes an input node, as x does.

    Returns:
        {"nodes": [...], "output": index of the last node}.

    Raises:
        NotPlayable: for an operation that is not in the list, naming the layer that uses it.

    >>> from tonewright.layers.combine import Pointwise, Serial
    >>> from tonewright.layers.conv import Conv1d
    >>> [node["op"] for node in trace(Serial(Conv1d(1, 2, 3), Pointwise(torch.tanh)))["nodes"]]
    ['input', 'conv1d', 'tanh']
    """
    return trace_whole(model, ports)[0]


def trace_whole(model: Layer, ports: tuple[str, ...] = ()) -> tuple[dict, dict[str, Tensor]]:
    """The graph as `trace` gives it, and the tensors beside the model's own that it plays from, by name."""
    graph, folded = _whole(model, ports)
    for node in graph["nodes"]:
        del node["places"]
    return graph, folded


def places_of_memory(model: Layer, ports: tuple[str, ...] = ()) -> list[int]:
    """Where the model's own state has what the nodes of its graph remember, in their order.

    >>> from tonewright.layers.combine import Serial
    >>> from tonewright.layers.conv import Delay
    >>> places_of_memory(Serial(Delay(1, 3), Delay(1, 5)))
    [0, 1]
    """
    return [place for node in _whole(model, ports)[0]["nodes"] for place in node["places"]]


def _whole(model: Layer, ports: tuple[str, ...]) -> tuple[dict, dict[str, Tensor]]:
    refuse_norms_over_time(model)
    folded: dict[str, Tensor] = {}
    return _record(model, dict.fromkeys(ports, 1), folded), folded


def _record(model: Layer, ports: dict[str, int], folded: dict[str, Tensor], prefix: str = "") -> dict:
    """The graph of a layer whose ports have so many channels, with `prefix` before its names."""
    x = next(model.parameters(), torch.zeros(())).new_zeros(1, model.inputs or 1, model.block)
    controls = {name: x.new_zeros(1, channels, x.shape[-1]) for name, channels in ports.items()}
    state = model.initial_state(1)
    with torch.no_grad(), _Recorder(model, folded, prefix) as recorder:
        for name, tensor in {"x": x, **controls}.items():
            recorder.input(name, tensor)
        recorder.take_state(state)
        y, after = model(x, state, **controls)
        return recorder.finish(y, after)


class _Recorder(TorchFunctionMode):
    """Writes down every operation between x and y; what happens inside a primitive is that primitive."""

    def __init__(self, model: Layer, folded: dict[str, Tensor], prefix: str):
        super().__init__()
        self.prefix, self.folded = prefix, folded
        self.nodes: list[dict] = []
        self.index: dict[int, int] = {}  # id of a tensor -> node that made it
        self.kept: list = []  # every tensor seen, so that no id is used twice
        self.names = {id(t): name for name, t in [*model.named_parameters(), *model.named_buffers()]}
        self.of_weights: dict[int, Tensor] = {}  # id of what was made of weights alone
        self.taken: dict[int, int] = {}  # id of a memory -> its place in the state
        self.given: dict[int, int] = {}
        self.inside: list[str | None] = []  # names of the layers that are running; None within a primitive
        self.hooks = [hook for name, module in model.named_modules() for hook in self._watch(name, module)]

    def __exit__(self, *error):
        for hook in self.hooks:
            hook.remove()
        return super().__exit__(*error)

    def input(self, name: str, tensor: Tensor) -> None:
        self._add(tensor, "input", [], {"port": name, "channels": tensor.shape[1]})

    def take_state(self, state: State) -> None:
        self.kept += state
        self.taken = {id(memory): place for place, memory in enumerate(state)}

    def finish(self, y: Tensor, after: State) -> dict:
        """The nodes that y needs, once every memory comes out where it went in."""
        for place, memory in enumerate(after):
            if self.given.get(id(memory)) != place:
                raise NotPlayable(f"memory {place} does not come out of the layer that it went into")
        return _needed(self.nodes, self._node_of(y, "its output"))

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if self.inside[-1:] == [None]:
            return result
        made = [result] if isinstance(result, Tensor) else result
        if isinstance(made, (list, tuple)) and made and isinstance(made[0], Tensor):
            if self._is_of_weights(args, kwargs or {}):
                self.of_weights |= {id(tensor): tensor for tensor in made}
                self.kept += made
            else:
                self._glue(function.__name__, made, args, kwargs or {})
        return result

    def _is_of_weights(self, args: tuple, kwargs: dict) -> bool:
        """Whether at least one operand is a weight, or made of some, and none is anything else that changes."""
        tensors = [a for a in _flat([*args, *kwargs.values()]) if isinstance(a, Tensor)]
        return bool(tensors) and all(self._is_weight(tensor) for tensor in tensors)

    def _is_weight(self, tensor: Tensor) -> bool:
        return id(tensor) in self.of_weights or id(tensor) in self.names

    def _watch(self, name: str, module: nn.Module) -> list:
        primitive = type(module) in PRIMITIVES

        def enter(module, args):
            self.inside.append(None if primitive or self.inside[-1:] == [None] else name)

        def leave(module, args, result):
            self.inside.pop()
            if primitive and self.inside[-1:] != [None]:
                self._primitive(name, module, args, result)

        return [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]

    def _primitive(self, name: str, module: Layer, args: tuple, result: tuple) -> None:
        (x, state, *others), (y, after) = args, result
        op, facts = PRIMITIVES[type(module)]
        path = f"{name}." if name else ""
        weights = {key: self.prefix + path + key for key in module.state_dict(keep_vars=True)}
        memory = [{"shape": list(s.shape[1:]), "dtype": str(s.dtype).removeprefix("torch.")} for s in state]
        places = [self.taken.get(id(s), -1) for s in state]
        if -1 in places:
            raise NotPlayable(f"layer '{name}' is given a memory that another layer made")
        attributes = {key: getattr(module, key) for key in facts}
        if isinstance(module, Feedback):
            attributes["graph"], weights = self._of_body(module, f"{path}body."), {}
        inputs = [self._node_of(x, name)]
        for key, other in zip(ARGUMENTS.get(type(module), ()), others, strict=True):
            if self._is_weight(other):
                weights[key] = self._name_of(other)
            else:
                inputs.append(self._node_of(other, name))
        self._add(y, op, inputs, attributes, name, weights, memory, places)
        self.kept += after
        self.given |= {id(s): place for s, place in zip(after, places, strict=True)}

    def _of_body(self, loop: Feedback, path: str) -> dict:
        """The graph that a loop plays for each sample; its inputs are x and y, the last answer."""
        self.inside.append(None)
        graph = _record(loop.body, {"y": loop.outputs}, self.folded, self.prefix + path)
        for node in graph["nodes"]:
            del node["places"]
        self.inside.pop()
        return graph

    def _glue(self, function: str, made: list[Tensor], args: tuple, kwargs: dict) -> None:
        layer = self.inside[-1] if self.inside else ""
        if function == "chunk":
            self._pieces(made, args[0], kwargs.get("dim", args[2] if len(args) > 2 else 0), layer)
            return
        if function == "__getitem__":
            self._slice(made[0], args[0], args[1], layer)
            return
        if function == "clamp":
            self._clamp(made[0], args[0], dict(zip(("min", "max"), args[1:], strict=False)) | kwargs, layer)
            return
        if function in SWAPPED:
            function, args = SWAPPED[function], args[::-1]
        if function not in GLUE:
            raise NotPlayable(f"no native player knows '{function}', used in layer '{layer}'")
        flat = _flat(args)
        attributes = {
            key: value for key, value in kwargs.items() if isinstance(value, (int, float, bool, str))
        }
        if function == "leaky_relu":
            slope = kwargs.get("negative_slope", flat[1] if len(flat) > 1 else 0.01)
            flat, attributes = flat[:1], {"slope": float(slope)}
        if GLUE[function] == "cat" and attributes.get("dim", flat[-1]) != 1:
            raise NotPlayable(
                f"native players put channels one after another, not samples; see layer '{layer}'"
            )
        operands = [a for a in flat if not (GLUE[function] == "cat" and isinstance(a, int))]
        attributes.pop("dim", None)
        self._add(made[0], GLUE[function], [self._node_of(a, layer) for a in operands], attributes, layer)

    def _pieces(self, pieces: list[Tensor], x: Tensor, dim: int, layer: str) -> None:
        if dim != 1:
            raise NotPlayable(f"native players cut sound by channels only; see layer '{layer}'")
        start, source = 0, self._node_of(x, layer)
        for piece in pieces:
            stop = start + piece.shape[1]
            self._add(piece, "slice", [source], {"start": start, "stop": stop}, layer)
            start = stop

    def _clamp(self, y: Tensor, x: Tensor, bounds: dict, layer: str) -> None:
        """Within numbers, named as bounds: the larger of x and the one, and the smaller of that and the other."""
        node = self._node_of(x, layer)
        for name, op in (("min", "maximum"), ("max", "minimum")):
            if bounds.get(name) is not None:
                node = self._add(y, op, [node, self._node_of(bounds[name], layer)], {}, layer)

    def _slice(self, y: Tensor, x: Tensor, key, layer: str) -> None:
        keys = key if isinstance(key, tuple) else (key,)
        channels = len(keys) in (2, 3) and isinstance(keys[1], slice) and keys[0] == slice(None)
        if not channels or any(k not in (slice(None), ...) for k in keys[2:]):
            raise NotPlayable(f"native players cut sound by channels only; see layer '{layer}'")
        start, stop, step = keys[1].indices(x.shape[1])
        if step != 1:
            raise NotPlayable(f"native players cut neighbouring channels only; see layer '{layer}'")
        self._add(y, "slice", [self._node_of(x, layer)], {"start": start, "stop": stop}, layer)

    def _node_of(self, operand, layer: str) -> int:
        if not isinstance(operand, Tensor):
            return self._add(operand, "number", [], {"value": float(operand)}, layer)
        if id(operand) not in self.index and self._is_weight(operand):
            return self._add(operand, "constant", [], {}, layer, {"value": self._name_of(operand)})
        if id(operand) not in self.index:
            raise NotPlayable(f"layer '{layer}' uses a tensor that is neither sound nor a weight")
        return self.index[id(operand)]

    def _name_of(self, weight: Tensor) -> str:
        """The tensor of the file that holds this weight, or what was made of weights."""
        if id(weight) in self.names:
            return self.prefix + self.names[id(weight)]
        name = f"{FOLDED}{len(self.folded)}"
        self.folded[name] = weight.detach().float().contiguous().clone()
        return name

    def _add(self, made, op, inputs, attributes, name="", weights=None, state=None, places=()) -> int:
        row = {"op": op, "name": self.prefix + name, "inputs": inputs, "attributes": attributes}
        self.nodes.append(row | {"weights": weights or {}, "state": state or [], "places": places})
        self.kept.append(made)
        self.index[id(made)] = len(self.nodes) - 1
        return len(self.nodes) - 1


def _flat(operands) -> list:
    """The operands, with those of a list one by one."""
    return [a for operand in operands for a in (operand if isinstance(operand, (list, tuple)) else [operand])]


def _needed(nodes: list[dict], output: int) -> dict:
    """Only the nodes that the output needs, and all inputs, in their order."""
    needed, ask = set(), [output]
    while ask:
        node = ask.pop()
        if node not in needed:
            needed.add(node)
            ask += nodes[node]["inputs"]
    kept = [i for i, node in enumerate(nodes) if i in needed or node["op"] == "input"]
    place = {old: new for new, old in enumerate(kept)}
    rows = [nodes[i] | {"inputs": [place[j] for j in nodes[i]["inputs"]]} for i in kept]
    return {"nodes": rows, "output": place[output]}
