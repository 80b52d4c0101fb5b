"""A model as a TorchScript module: its layer graph, node by node, in torch's own language."""
