"""Learns the classifier's head over MiniLM's sentence embeddings, and writes models/head.json.

usage: head.py MODELS_FOLDER LESSONS.jsonl OUT.json

Labels belong to whole alarms, not to sentences: the head is learned by turns, each time from the
sentences that the last turn found most alarming in the threats, and from all of the harmless alarms.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from tokenizers import Tokenizer

from lessons import is_plain, load

STRENGTH = 3.0
TURNS = 6
# Sentences of a threat that are taken for alarming.
TOP = 2
BATCH = 64


def embed(folder, sentences):
    """Unit vectors, as Sereno computes them."""
    tokenizer = Tokenizer.from_file(str(folder / "minilm/tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    session = onnxruntime.InferenceSession(str(folder / "minilm/model.onnx"))
    vectors = np.zeros((len(sentences), 384))
    order = sorted(range(len(sentences)), key=lambda place: len(sentences[place]))
    for at in range(0, len(order), BATCH):
        places = order[at : at + BATCH]
        encoded = tokenizer.encode_batch([sentences[place] for place in places])
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        given = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        hidden = session.run(None, given)[0]
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        vectors[places] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return vectors


def learn(vectors, owner, threat):
    """A logistic regression over sentences; `owner` is each sentence's alarm, in ascending order."""
    keep = np.ones(len(vectors), bool)
    for _ in range(TURNS + 1):
        head = LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced")
        head.fit(vectors[keep], threat[owner[keep]])
        odds = head.decision_function(vectors)
        order = np.lexsort((-odds, owner))
        begins = np.r_[0, np.flatnonzero(np.diff(owner[order])) + 1]
        rank = np.empty(len(odds), int)
        rank[order] = np.arange(len(odds)) - np.repeat(begins, np.diff(np.r_[begins, len(odds)]))
        keep = ~threat[owner] | (rank < TOP)
    return head


def highest(odds, owner, count):
    """The most alarming sentence speaks for its alarm."""
    found = np.full(count, -np.inf)
    np.maximum.at(found, owner, odds)
    return found


def main(models, lessons, out):
    _, by_stage = load(lessons)
    alarms = [l for l in by_stage["classify"] if is_plain(l) and l["danger"] != "unclear" and l["sentences"]]
    threat = np.array([alarm["danger"] == "yes" for alarm in alarms])
    owner = np.repeat(np.arange(len(alarms)), [len(alarm["sentences"]) for alarm in alarms])
    vectors = embed(Path(models), [sentence for alarm in alarms for sentence in alarm["sentences"]])
    # The scale comes from alarms that the head was not learned from.
    odds = np.zeros(len(alarms))
    groups = [alarm["group"] for alarm in alarms]
    for train, test in GroupKFold(5).split(alarms, groups=groups):
        inside = np.isin(owner, train)
        place = np.full(len(alarms), -1)
        place[train] = np.arange(len(train))
        head = learn(vectors[inside], place[owner[inside]], threat[train])
        odds[test] = highest(head.decision_function(vectors), owner, len(alarms))[test]
    scale = LogisticRegression(C=100).fit(odds[:, None], threat)
    head = learn(vectors, owner, threat)
    written = {
        "version": 1,
        "embedder_sha256": hashlib.sha256((Path(models) / "minilm/model.onnx").read_bytes()).hexdigest(),
        "weights": [round(float(weight), 6) for weight in head.coef_[0]],
        "bias": round(float(head.intercept_[0]), 6),
        "slope": round(float(scale.coef_[0, 0]), 6),
        "offset": round(float(scale.intercept_[0]), 6),
    }
    Path(out).write_text(json.dumps(written) + "\n", encoding="utf-8")
    print(f"{len(alarms)} alarms; area under ROC on those held back: {roc_auc_score(threat, odds):.3f}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
