"""Writes all-MiniLM-L6-v2 as an ONNX graph from its safetensors weights.

The published package carries no ONNX file, and exporting with PyTorch would
make set-up download gigabytes. The architecture is plain BERT, so this script
builds the graph by hand. The same weights and the same `onnx` version give the
same bytes, so `models.toml` can pin the result.

Inputs  input_ids, attention_mask, token_type_ids: int64 [batch, seq], seq <= 512
Output  last_hidden_state: float32 [batch, seq, 384]

Mean pooling over the mask and L2 normalisation are the caller's.

usage: export_minilm.py model.safetensors model.onnx
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, HIDDEN, HEAD = 6, 12, 384, 32
EPSILON = 1e-12
OPSET, IR_VERSION = 17, 9


def read_safetensors(path):
    """Every float32 tensor of the file by name (8-byte header length, JSON header, data)."""
    data = Path(path).read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return tensors


class Graph:
    """Nodes and constants in the order of their creation, which fixes the bytes."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, value, dtype=np.float32):
        array = np.ascontiguousarray(value, dtype=dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def linear(self, x, name, weight, bias):
        """x @ weight.T + bias; PyTorch stores weights as [out, in]."""
        w = self.constant(f"{name}/weight", weight.T)
        b = self.constant(f"{name}/bias", bias)
        return self.add("Add", [self.add("MatMul", [x, w], f"{name}/matmul"), b], f"{name}/out")

    def layer_norm(self, x, name, weights, prefix):
        scale = self.constant(f"{name}/scale", weights[f"{prefix}.weight"])
        bias = self.constant(f"{name}/bias", weights[f"{prefix}.bias"])
        return self.add(
            "LayerNormalization", [x, scale, bias], f"{name}/out", axis=-1, epsilon=EPSILON
        )

    def gelu(self, x, name):
        """The exact form, x * (1 + erf(x / sqrt 2)) / 2, in the shape that runtimes fuse."""
        scaled = self.add("Div", [x, "sqrt_two"], f"{name}/scaled")
        shifted = self.add("Add", [self.add("Erf", [scaled], f"{name}/erf"), "one"], f"{name}/shifted")
        doubled = self.add("Mul", [x, shifted], f"{name}/doubled")
        return self.add("Mul", [doubled, "half"], f"{name}/out")


def embeddings(g, weights):
    """Word, token-type and position embeddings, summed and normalised."""
    total = None
    for ids, table in (("input_ids", "word"), ("token_type_ids", "token_type")):
        rows = g.constant(f"embeddings/{table}", weights[f"embeddings.{table}_embeddings.weight"])
        part = g.add("Gather", [rows, ids], f"embeddings/{table}/rows")
        total = part if total is None else g.add("Add", [total, part], "embeddings/sum")
    table = g.constant("embeddings/position", weights["embeddings.position_embeddings.weight"])
    seq = g.add("Shape", ["input_ids"], "embeddings/seq", start=1, end=2)
    rows = g.add("Slice", [table, "zero_index", seq, "zero_index"], "embeddings/position/rows")
    total = g.add("Add", [total, rows], "embeddings/positioned")
    return g.layer_norm(total, "embeddings/norm", weights, "embeddings.LayerNorm")


def mask_bias(g):
    """0 where a token counts and a very large negative number where it is padding."""
    axes = g.constant("mask/axes", [1, 2], np.int64)
    mask = g.add("Unsqueeze", ["attention_mask", axes], "mask/expanded")
    mask = g.add("Cast", [mask], "mask/float", to=TensorProto.FLOAT)
    return g.add("Mul", [g.add("Sub", ["one", mask], "mask/padding"), "lowest"], "mask/bias")


def attention(g, x, mask, name, weights, prefix):
    def split_heads(part, perm):
        source = f"{prefix}.attention.self.{part}"
        out = g.linear(x, f"{name}/{part}", weights[f"{source}.weight"], weights[f"{source}.bias"])
        split = g.add("Reshape", [out, "heads_shape"], f"{name}/{part}/split")
        return g.add("Transpose", [split], f"{name}/{part}/heads", perm=perm)

    query = split_heads("query", [0, 2, 1, 3])
    key = split_heads("key", [0, 2, 3, 1])
    value = split_heads("value", [0, 2, 1, 3])
    scores = g.add("MatMul", [query, key], f"{name}/scores")
    scores = g.add("Div", [scores, "sqrt_head"], f"{name}/scaled")
    scores = g.add("Add", [scores, mask], f"{name}/masked")
    probabilities = g.add("Softmax", [scores], f"{name}/probabilities", axis=-1)
    mixed = g.add("MatMul", [probabilities, value], f"{name}/mixed")
    joined = g.add("Transpose", [mixed], f"{name}/joined", perm=[0, 2, 1, 3])
    return g.add("Reshape", [joined, "hidden_shape"], f"{name}/context")


def layer(g, x, mask, index, weights):
    name, prefix = f"layer{index}", f"encoder.layer.{index}"

    def dense(value, short, source):
        source = f"{prefix}.{source}.dense"
        return g.linear(value, f"{name}/{short}", weights[f"{source}.weight"], weights[f"{source}.bias"])

    context = attention(g, x, mask, f"{name}/attention", weights, prefix)
    projected = dense(context, "projection", "attention.output")
    x = g.add("Add", [projected, x], f"{name}/residual1")
    x = g.layer_norm(x, f"{name}/norm1", weights, f"{prefix}.attention.output.LayerNorm")
    wide = g.gelu(dense(x, "intermediate", "intermediate"), f"{name}/gelu")
    narrow = dense(wide, "output", "output")
    x = g.add("Add", [narrow, x], f"{name}/residual2")
    return g.layer_norm(x, f"{name}/norm2", weights, f"{prefix}.output.LayerNorm")


def build(weights):
    g = Graph()
    g.constant("one", 1.0)
    g.constant("half", 0.5)
    g.constant("sqrt_two", np.sqrt(2.0))
    g.constant("sqrt_head", np.sqrt(float(HEAD)))
    g.constant("lowest", np.finfo(np.float32).min)
    g.constant("zero_index", [0], np.int64)
    g.constant("heads_shape", [0, 0, HEADS, HEAD], np.int64)
    g.constant("hidden_shape", [0, 0, HIDDEN], np.int64)

    x, mask = embeddings(g, weights), mask_bias(g)
    for index in range(LAYERS):
        x = layer(g, x, mask, index, weights)
    g.add("Identity", [x], "last_hidden_state")

    names = ("input_ids", "attention_mask", "token_type_ids")
    shape = ["batch", "seq"]
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in names]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, HIDDEN])
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2", inputs, [output], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    # The producer's version is left out so that it does not change the bytes.
    model.ir_version, model.producer_name, model.producer_version = IR_VERSION, "sereno", ""
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: export_minilm.py model.safetensors model.onnx")
    source, target = sys.argv[1], Path(sys.argv[2])
    partial = target.with_suffix(f".{os.getpid()}.part")
    partial.write_bytes(build(read_safetensors(source)).SerializeToString(deterministic=True))
    partial.replace(target)


if __name__ == "__main__":
    main()
