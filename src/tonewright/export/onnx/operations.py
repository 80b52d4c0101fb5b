"""Which operations of a layer graph are said in ONNX, and which of a graph's are not."""

from tonewright.export.onnx import convolutions, delays, filters, glue, hearing, recurrent, synth

OPS = convolutions.OPS | delays.OPS | filters.OPS | glue.OPS | hearing.OPS | recurrent.OPS | synth.OPS
BESIDE = {"input", "feedback"}  # which translate.py itself knows


def unknown(graph: dict) -> list[str]:
    """Operations that cannot be said.

    >>> unknown({"nodes": [{"op": "input"}, {"op": "warp"}]})
    ['warp']
    """
    ops = {node["op"] for node in graph["nodes"]}
    inner = [node["attributes"]["graph"] for node in graph["nodes"] if node["op"] == "feedback"]
    return sorted({*(ops - OPS.keys() - BESIDE), *(op for loop in inner for op in unknown(loop))})
