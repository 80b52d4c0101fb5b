"""Nodes that are a word of TorchScript: what stands for them in the source of a forward."""

import math

UNARY = ("abs", "exp", "log", "sin", "tanh", "sigmoid", "relu")
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
ENDS = {"maximum": "clamp_min", "minimum": "clamp_max"}
GLUE = (*UNARY, *SIGNS, *ENDS, "neg", "pow", "leaky_relu", "softsign", "gelu", "cat", "slice")


def expression(op: str, operands: list[str], attributes: dict, numbers: list[bool]) -> str:
    """The source of one node.

    Args:
        op: of GLUE.
        operands: the names of its inputs, or numbers.
        attributes: of the node.
        numbers: which of the operands are numbers.

    >>> expression("leaky_relu", ["v3"], {"slope": 0.2}, [False])
    'torch.nn.functional.leaky_relu(v3, 0.2)'
    >>> expression("sub", ["1.0", "v3"], {}, [True, False])
    '1.0 - v3'
    """
    if op in UNARY:
        return f"torch.{op}({operands[0]})"
    if op in SIGNS:
        return f"{operands[0]} {SIGNS[op]} {operands[1]}"
    if op in ENDS:
        if not any(numbers):
            return f"torch.{op}({', '.join(operands)})"
        sound, number = operands if numbers[1] else operands[::-1]
        return f"torch.{ENDS[op]}({sound}, {number})"
    return _others(op, operands, attributes)


def _others(op: str, operands: list[str], attributes: dict) -> str:
    x = operands[0]
    return {
        "neg": lambda: f"-{x}",
        "pow": lambda: f"torch.pow({x}, {operands[1]})",
        "leaky_relu": lambda: f"torch.nn.functional.leaky_relu({x}, {float(attributes['slope'])!r})",
        "softsign": lambda: f"{x} / (1.0 + torch.abs({x}))",
        "gelu": lambda: _gelu(x, attributes.get("approximate", "none")),
        "cat": lambda: f"torch.cat([{', '.join(operands)}], 1)",
        "slice": lambda: f"{x}[:, {attributes['start']} : {attributes['stop']}]",
    }[op]()


def _gelu(x: str, approximate: str) -> str:
    """Of single samples, which is what there is to it in a loop, torch's own takes three times as long."""
    if approximate == "none":
        return f"{x} * (0.5 + 0.5 * torch.erf({x} * {math.sqrt(0.5)!r}))"
    return f"torch._C._nn.gelu({x}, approximate={approximate!r})"
