"""Checks the exported MiniLM against two things that did not come from the export.

1. A forward pass in plain numpy (float64), on a padded batch: every hidden
   value of a real token must agree to 1e-4.
2. The cosine similarities published for all-MiniLM-L6-v2, to 0.002.

usage: check_minilm.py model.safetensors tokenizer.json model.onnx
"""

import math
import sys

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from export_minilm import EPSILON, HEAD, HEADS, LAYERS, read_safetensors

SOURCE = "That is a happy person"
# From the model's public page (sentence similarity example).
PUBLISHED = {
    "That is a happy dog": 0.695,
    "That is a very happy person": 0.943,
    "Today is a sunny day": 0.257,
}
HIDDEN_TOLERANCE, COSINE_TOLERANCE = 1e-4, 2e-3


def encode(tokenizer_file, texts):
    tokenizer = Tokenizer.from_file(tokenizer_file)
    # The file asks for padding to 128 tokens always; the longest text is enough.
    tokenizer.enable_padding()
    tokenizer.enable_truncation(256)
    batch = tokenizer.encode_batch(texts)
    fields = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
    return {name: np.array([getattr(e, f) for e in batch], np.int64) for name, f in fields.items()}


def reference(weights, batch):
    """BERT as its paper describes it (arXiv:1810.04805), in float64."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    erf = np.vectorize(math.erf)

    def dense(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    rows, seq = batch["input_ids"].shape
    x = w["embeddings.word_embeddings.weight"][batch["input_ids"]]
    x = x + w["embeddings.token_type_embeddings.weight"][batch["token_type_ids"]]
    x = norm(x + w["embeddings.position_embeddings.weight"][:seq], "embeddings.LayerNorm")
    ignored = (batch["attention_mask"] == 0)[:, None, None, :]
    for index in range(LAYERS):
        name = f"encoder.layer.{index}"
        q, k, v = (
            dense(x, f"{name}.attention.self.{part}").reshape(rows, seq, HEADS, HEAD).swapaxes(1, 2)
            for part in ("query", "key", "value")
        )
        scores = np.where(ignored, -np.inf, q @ k.swapaxes(-1, -2) / math.sqrt(HEAD))
        weight = np.exp(scores - scores.max(-1, keepdims=True))
        context = (weight / weight.sum(-1, keepdims=True)) @ v
        context = context.swapaxes(1, 2).reshape(rows, seq, HEADS * HEAD)
        attended = dense(context, f"{name}.attention.output.dense")
        x = norm(x + attended, f"{name}.attention.output.LayerNorm")
        wide = dense(x, f"{name}.intermediate.dense")
        wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
        x = norm(x + dense(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    return x


def pooled(hidden, mask):
    """Mean over the real tokens, then unit length: the sentence embedding."""
    weight = mask[:, :, None]
    mean = (hidden * weight).sum(1) / weight.sum(1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: check_minilm.py model.safetensors tokenizer.json model.onnx")
    weights_file, tokenizer_file, onnx_file = sys.argv[1:]
    batch = encode(tokenizer_file, [SOURCE, *PUBLISHED])
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    (hidden,) = session.run(["last_hidden_state"], batch)

    real = batch["attention_mask"] == 1
    expected = reference(read_safetensors(weights_file), batch)
    worst = float(np.abs(hidden - expected)[real].max())
    failures = []
    if not worst <= HIDDEN_TOLERANCE:
        failures.append(f"hidden states differ from the numpy forward pass by {worst:.2e}")

    vectors = pooled(hidden, batch["attention_mask"])
    for text, found in zip(PUBLISHED, vectors[1:] @ vectors[0]):
        wanted = PUBLISHED[text]
        if not abs(found - wanted) <= COSINE_TOLERANCE:
            failures.append(f"cosine of {text!r} is {found:.4f}, published {wanted}")

    if failures:
        sys.exit("check_minilm: " + "; ".join(failures))
    print(f"MiniLM agrees with the numpy forward pass (largest difference {worst:.1e}) and the published cosines.")


if __name__ == "__main__":
    main()
