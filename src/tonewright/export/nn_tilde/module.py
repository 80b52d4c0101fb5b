"""The module that nn~ loads: methods with their ratios and labels, and attributes with getters and setters.

What nn~ asks a module for: `get_methods()` and `get_attributes()`; of a method m the tensor `m_params`, which is
input channels, ratio, output channels, ratio, and the lists `m_input_labels` and `m_output_labels`; of an attribute a
the tensor `a_params` of types, where 2 is a number, `get_a()`, which gives as many values in a list or a tuple (older
versions take a bare number as well), and `set_a(value)`, which gives 0. A ratio r means that of r samples of a signal
the last one is heard, and that what comes out is held for r samples. It calls `set_sample_rate` where there is one.
We have none, for a model cannot play at another rate than its own, and what it would print nobody sees.
"""

import copy
import unicodedata
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tonewright.export.nn_tilde.frames import REVERB, Frames
from tonewright.export.nn_tilde.pieces import Halves, Knobs, Reblocked, Turned
from tonewright.export.torchscript.build import compiling, function, of_model, settled
from tonewright.models.base import Model, channels_of
from tonewright.runtime.player import Player
from tonewright.runtime.room import plays_frames
from tonewright.runtime.timbre import FIDELITY, is_timbre

NUMBER = 2  # a float, among nn~'s types
TAKEN = (
    "methods",
    "attributes",
    "buffer_attributes",
    "fidelity",
    "sample_rate",
    "forward",
    "encode",
    "decode",
    "none",  # nn~ passes over it
)


@dataclass(frozen=True)
class Method:
    """What nn~ knows of a method.

    Attributes:
        call: what it does with x, in the source of the module.
        params: input channels, ratio, output channels, ratio.
        inputs, outputs: labels.
    """

    call: str
    params: tuple[int, int, int, int]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ("sound",)


def module_of(player: Player) -> tuple[torch.jit.ScriptModule, dict[str, Method]]:
    """The module, at its beginning, and its methods by name."""
    model = player.model
    holder = type("Model", (nn.Module,), {})()  # a class of its own: compiled types are shared by class
    with compiling():
        holder.knobs = torch.jit.script(Knobs(model.ports, player.sample_rate))
        fill = _timbre if is_timbre(player) else _effect
        methods, reset = fill(player, holder)
        for name, method in methods.items():
            _describe(holder, name, method)
        names = knob_names(model)
        asked = {
            name: (f"self.knobs.value({i})", f"self.knobs.turn({i}, value)") for i, name in enumerate(names)
        }
        if is_timbre(player):
            asked["fidelity"] = ("self.sound.fidelity()", "self.sound.set_fidelity(value)")
        for name in asked:
            holder.register_buffer(f"{name}_params", torch.tensor([NUMBER]))
        holder.sr = player.sample_rate
        module = torch.jit.script(holder)
        module.define("\n".join(_source(methods, asked, reset)))
    return module.eval(), methods


def knob_names(model: Model) -> list[str]:
    """What the controls are called: as they are, with a _ behind names that are taken.

    TorchScript knows the letters of ASCII only: others lose their accents, or are left out.

    >>> from tonewright.models.wavenet import Config, Model as WaveNet
    >>> knob_names(WaveNet(Config(knobs=("drive", "methods", "höhe"))))
    ['drive', 'methods_', 'hohe']
    """
    names: list[str] = []
    for i, port in enumerate(model.ports):
        name = unicodedata.normalize("NFKD", port.name).encode("ascii", "ignore").decode()
        name = name if name.isidentifier() else f"knob_{i + 1}"
        while name in TAKEN or name in names:
            name += "_"
        names.append(name)
    return names


def frames_fit(hop: int) -> bool:
    """Whether nn~ can cut sound into frames of so many samples: its buffers are powers of two."""
    return hop & (hop - 1) == 0


def _effect(player: Player, holder: nn.Module) -> tuple[dict[str, Method], list[str]]:
    """What hears sound and plays sound; an instrument may also be played by signals of pitch and loudness."""
    model, copies = player.model, {}
    memories = settled(model, player.controls)
    inputs, outputs = channels_of(model)
    whole = of_model(model, memories, copies)
    holder.sound = _blocks(holder, whole, model, list(range(len(model.ports))))
    params = (inputs, 1, outputs, 1)
    methods = {"forward": Method("self.sound(x)", params, _sounds(inputs), _sounds(outputs))}
    if plays_frames(player):
        frames = Frames(model).eval()
        which = [i for i, port in enumerate(model.ports) if port.name == REVERB]
        holder.played = _blocks(holder, of_model(frames, memories, copies), frames, which)
        timbres = tuple(f"timbre {i + 1}" for i in range(frames.inputs - 2))
        labels = ("pitch in Hz", "loudness in dB", *timbres)
        methods["decode"] = Method("self.played(x)", (frames.inputs, 1, 1, 1), labels)
    return methods, ["sound"] + ["played"] * (len(methods) - 1)


def _timbre(player: Player, holder: nn.Module) -> tuple[dict[str, Method], list[str]]:
    """What has latents between what it hears and what it plays."""
    model, hop = player.model, player.model.block
    memories = settled(model, player.controls)
    whole = copy.deepcopy(model)
    whole.set({FIDELITY: 1.0})  # what is left out is left out by the module, so that it can be turned
    encoder, decoder = (of_model(half.eval(), _within(memories, name)) for name, half in _halves_of(whole))
    held = model.variance.double().cumsum(0)
    share = float(held[model.dimensions - 1] / held[-1])
    halves = Halves(encoder, decoder, holder.knobs, len(model.ports), hop, model.variance.clone(), share)
    holder.sound = torch.jit.script(halves)
    latents = tuple(f"latent {i}" for i in range(model.encoder.outputs))
    methods = {"forward": Method("self.forth(x)", (1, 1, 1, 1), _sounds(1))}
    holder.forth = torch.jit.script(Reblocked(holder.sound, hop, 1, 1))
    if frames_fit(hop):
        methods["encode"] = Method("self.sound.encode(x)", (1, 1, len(latents), hop), _sounds(1), latents)
        methods["decode"] = Method("self.sound.decode(x)", (len(latents), hop, 1, 1), latents)
    return methods, ["forth"]


def _halves_of(model: Model) -> list[tuple[str, Model]]:
    return [("encoder", model.encoder), ("decoder", model.decoder)]


def _within(memories: dict[str, list[Tensor]], part: str) -> dict[str, list[Tensor]]:
    """The memories of a part, by their names in it."""
    return {name.removeprefix(f"{part}."): m for name, m in memories.items() if name.startswith(f"{part}.")}


def _blocks(holder: nn.Module, whole: torch.jit.ScriptModule, model: Model, which: list[int]):
    """The model with those of the knobs that it has, for blocks of any length."""
    turned = torch.jit.script(Turned(whole, holder.knobs, which))
    return (
        torch.jit.script(Reblocked(turned, model.block, *channels_of(model))) if model.block > 1 else turned
    )


def _sounds(channels: int) -> tuple[str, ...]:
    known = {1: ("sound",), 2: ("left", "right")}
    return known.get(channels) or tuple(f"sound {i + 1}" for i in range(channels))


def _describe(holder: nn.Module, name: str, method: Method) -> None:
    holder.register_buffer(f"{name}_params", torch.tensor(method.params))
    for side, labels in (("input", method.inputs), ("output", method.outputs)):
        setattr(holder, f"{name}_{side}_labels", [f"(signal) {label}" for label in labels])


def _source(methods: dict[str, Method], asked: dict[str, tuple[str, str]], reset: list[str]) -> list[str]:
    """All that the module can be asked for; what is no number is heard as silence, or it would stay."""
    made = [
        function(f"{name}(self, x)", ["x = torch.nan_to_num(x, 0.0, 0.0, 0.0)", f"return {method.call}"])
        for name, method in methods.items()
    ]
    for name, (get, turn) in asked.items():
        made.append(function(f"get_{name}(self) -> Tuple[float]", [f"return ({get},)"]))
        made.append(function(f"set_{name}(self, value: float) -> int", [f"return {turn}"]))
    names = list(asked) or "torch.jit.annotate(List[str], [])"
    made.append(function("get_methods(self) -> List[str]", [f"return {list(methods)}"]))
    made.append(function("get_attributes(self) -> List[str]", [f"return {names}"]))
    return [*made, function("reset(self) -> None", [f"self.{part}.begin(1)" for part in reset])]
