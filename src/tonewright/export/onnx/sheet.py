"""Nodes of ONNX as they are written down, one after another, and the numbers that they name."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

END = np.int64(1 << 62)  # of a slice that goes on to the end


class Sheet:
    """A graph in the making: of the model, or of what is done again and again in it.

    Values are known by their names. Where an operation wants a number or several, numpy arrays go in as they are.

    >>> sheet = Sheet()
    >>> y = sheet("Add", "x", np.float32(1.0))
    >>> [(node.op_type, list(node.input)) for node in sheet.nodes], list(sheet.tensors)
    ([('Add', ['x', 'number.0'])], ['number.0'])
    """

    def __init__(self, outer: "Sheet | None" = None):
        self.nodes: list[onnx.NodeProto] = []
        # what a sheet within another one names is kept by the outermost, so that nothing is stored twice
        self.tensors: dict[str, np.ndarray] = {} if outer is None else outer.tensors
        self._numbers: dict[tuple, str] = {} if outer is None else outer._numbers
        self._made: list[int] = [0] if outer is None else outer._made

    def __call__(self, kind: str, *operands, outputs: int = 1, **attributes):
        """Write a node down: the name of what it makes, or the names when it makes several."""
        inputs = [self._name_of(operand) for operand in operands]
        made = [self.fresh() for _ in range(outputs)]
        # ONNX Runtime 1.18 and 1.19 refuse what they made themselves of two nodes without names.
        self.nodes.append(helper.make_node(kind, inputs, made, name=made[0], **attributes))
        return made[0] if outputs == 1 else made

    def fresh(self) -> str:
        """A name that nothing has yet."""
        self._made[0] += 1
        return f"value.{self._made[0]}"

    def tensor(self, name: str, values: np.ndarray) -> str:
        """Keep a tensor under that name."""
        self.tensors[name] = values
        return name

    def cast(self, x: str, kind: type) -> str:
        """x as numbers of another kind."""
        return self("Cast", x, to=element(kind))

    def slice(self, x: str, start, stop=END, axis: int = -1, step: int = 1) -> str:
        """x from `start` up to `stop`, each a number or the name of one [1]; of steps back, `stop` is left out."""
        start, stop = (end if isinstance(end, str) else _row(end) for end in (start, stop))
        return self("Slice", x, start, stop, _row(axis), _row(step))

    def cat(self, *parts: str, axis: int = -1) -> str:
        """One after another."""
        return self("Concat", *parts, axis=axis)

    def reshape(self, x: str, *shape: int) -> str:
        """x in another shape, of which one number may be -1, and 0 leaves a number as it is."""
        return self("Reshape", x, np.array(shape, np.int64))

    def transpose(self, x: str, *axes: int) -> str:
        """The axes of x in another order."""
        return self("Transpose", x, perm=axes)

    def squeeze(self, x: str, *axes: int) -> str:
        """x without these axes, which are of one number each."""
        return self("Squeeze", x, np.array(axes, np.int64))

    def unsqueeze(self, x: str, *axes: int) -> str:
        """x with these axes more."""
        return self("Unsqueeze", x, np.array(axes, np.int64))

    def total(self, x: str, axis: int, kind: str = "Sum", keep: bool = False) -> str:
        """The sum of x along an axis, or its Max or Min or Mean."""
        return self(f"Reduce{kind}", x, _row(axis), keepdims=int(keep))

    def length(self, x: str, axis: int = 2) -> str:
        """How long x is, [1]."""
        return self("Shape", x, start=axis, end=axis + 1)

    def count(self, length: str) -> str:
        """0, 1, 2 ... up to a length [1]."""
        return self("Range", np.int64(0), self.squeeze(length, 0), np.int64(1))

    def take(self, x: str, at, axis: int) -> str:
        """What x has at these places."""
        return self("Gather", x, at, axis=axis)

    def scan(
        self,
        step: Callable,
        state: Sequence[tuple[str, type]],
        heard: Sequence[tuple[str, type]],
        made: Sequence[type],
        axis: int,
        rank: int | None = None,
    ) -> tuple[list[str], list[str]]:
        """What is done once for each place along an axis, with a memory.

        Args:
            step: step(sheet, state, heard) to (state after, made), lists of names.
            state, heard: name and kind of each: what is remembered, and what is gone through.
            made: kinds of what is made.
            axis: that is gone through, of all that is heard and made.
            rank: of all that is remembered and made; older runtimes, and all within a loop, do not infer it.

        Returns:
            The names of the state after the last place, and of what was made.
        """
        inner = Sheet(self)
        first = [inner._given(kind) for _, kind in [*state, *heard]]
        after, out = step(inner, [v.name for v in first[: len(state)]], [v.name for v in first[len(state) :]])
        kinds = [*(kind for _, kind in state), *made]
        shape = None if rank is None else [None] * rank
        last = [inner._result(name, kind, shape) for name, kind in zip([*after, *out], kinds, strict=True)]
        results = self(
            "Scan",
            *(name for name, _ in [*state, *heard]),
            outputs=len(last),
            body=helper.make_graph(inner.nodes, "step", first, last),
            num_scan_inputs=len(heard),
            scan_input_axes=[axis] * len(heard),
            scan_output_axes=[axis] * len(made),
        )
        results = [results] if len(last) == 1 else results
        return results[: len(state)], results[len(state) :]

    def loop(self, step: Callable, times: str, state: Sequence[tuple[str, type]]) -> list[str]:
        """What is done so many times, a single number; what is remembered may grow.

        Args:
            step: step(sheet, number, state) to the state after; lists of names, and the name of the number, from 0.
            times: how often.
            state: name and kind of each.

        Returns:
            The names of the state after the last time.
        """
        inner = Sheet(self)
        number, going = inner._given(np.int64, ()), inner._given(np.bool_, ())
        first = [inner._given(kind) for _, kind in state]
        after = step(inner, number.name, [value.name for value in first])
        last = [
            inner._result(name, kind)
            for name, kind in zip([going.name, *after], [np.bool_, *(k for _, k in state)], strict=True)
        ]
        body = helper.make_graph(inner.nodes, "step", [number, going, *first], last)
        results = self(
            "Loop", times, np.bool_(True), *(name for name, _ in state), outputs=len(state), body=body
        )
        return [results] if len(state) == 1 else results

    def _name_of(self, operand) -> str:
        if isinstance(operand, str):
            return operand
        values = np.asarray(operand)
        key = values.dtype.str, values.shape, values.tobytes()
        if key not in self._numbers:
            self._numbers[key] = self.tensor(f"number.{len(self._numbers)}", values)
        return self._numbers[key]

    def _given(self, kind: type, shape: tuple | None = None) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(self.fresh(), element(kind), shape)

    def _result(self, name: str, kind: type, shape: list | None = None) -> onnx.ValueInfoProto:
        """Under a name of its own, for what comes in may go out as it is."""
        return helper.make_tensor_value_info(self("Identity", name), element(kind), shape)


def element(kind: type) -> int:
    """What ONNX calls numbers of a numpy kind."""
    return helper.np_dtype_to_tensor_dtype(np.dtype(kind))


def initializer(name: str, values: np.ndarray) -> onnx.TensorProto:
    """A tensor as the file holds it."""
    return numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)


def _row(number) -> np.ndarray:
    return np.array([number], np.int64)
