"""Trains the adapter and writes it in llama.cpp's format.

usage: adapter.py MODEL.gguf LESSONS.jsonl OUT.gguf [--epochs N] [--rates FIRST LAST] [--resume STATE.pt]
"""

import argparse
import random
import sys
import time

import gguf
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from lessons import first_difference, held_back, is_plain, load
from network import MATRICES, Network

SEED = 7
WARM_UP = 25
BATCH_TOKENS = 2400
# Share of the hard cases that is taken in an epoch: with all of them a model of this size takes
# alarming words for a sign of harmlessness.
HARD_SHARE = 0.12
# Assess lessons of each verdict that are taken in an epoch.
ASSESS = 250
# Share of the read lessons that ask for the danger alone: the facts' form is soon learned.
DANGER_ALONE = 0.4
# What the token that says yes or no weighs beside the mean of an answer.
DANGER_WEIGHT = 0.25


def batches(lessons):
    """Lessons of like length together, in random order."""
    random.shuffle(lessons)
    length = lambda lesson: len(lesson["prompt"]) + len(lesson["answer"])
    near = [l for at in range(0, len(lessons), 256) for l in sorted(lessons[at : at + 256], key=length)]
    found, batch, longest = [], [], 0
    for lesson in near:
        if batch and max(longest, length(lesson)) * (len(batch) + 1) > BATCH_TOKENS:
            found.append(batch)
            batch, longest = [], 0
        batch.append(lesson)
        longest = max(longest, length(lesson))
    random.shuffle(found)
    return found + [batch]


def epoch(by_stage, yes_at):
    """The batches of one epoch."""
    read = [l for l in by_stage["read"] if not held_back(l) and (is_plain(l) or random.random() < HARD_SHARE)]
    short = lambda l: {**l, "answer": l["answer"][: yes_at + 1]} if random.random() < DANGER_ALONE else l
    read = [short(lesson) for lesson in read]
    by_verdict = {}
    for lesson in by_stage["assess"]:
        if not held_back(lesson):
            by_verdict.setdefault(lesson["text"].split('"')[3], []).append(lesson)
    assess = [l for kind in by_verdict.values() for l in random.sample(kind, min(ASSESS, len(kind)))]
    return batches(read + assess)


def loss_of(network, batch, yes_at):
    """Cross-entropy over the answers, each answer counting alike, its yes or no once more."""
    length = max(len(l["prompt"]) + len(l["answer"]) for l in batch)
    ids, weight = torch.zeros(len(batch), length, dtype=torch.long), torch.zeros(len(batch), length)
    for row, lesson in enumerate(batch):
        start, end = len(lesson["prompt"]), len(lesson["prompt"]) + len(lesson["answer"])
        ids[row, :end] = torch.tensor(lesson["prompt"] + lesson["answer"])
        weight[row, start:end] = 1 / max(20, end - start)
        weight[row, start + yes_at] += DANGER_WEIGHT
    hidden = network(ids)
    asked = weight[:, 1:] > 0
    logits = F.linear(hidden[:, :-1][asked], network.embed).float()
    each = F.cross_entropy(logits, ids[:, 1:][asked], reduction="none")
    return (each * weight[:, 1:][asked]).sum() / len(batch), ids.numel()


def train(network, by_stage, epochs, rates, yes_at):
    learned = list(network.learned().values())
    optimizer = torch.optim.AdamW(learned, lr=rates[0], weight_decay=0.01, betas=(0.9, 0.98))
    plan = [batch for _ in range(epochs) for batch in epoch(by_stage, yes_at)]
    began, tokens, mean = time.time(), 0, None
    for step, batch in enumerate(plan):
        rate = (rates[0] + (rates[1] - rates[0]) * step / len(plan)) * min(1, (step + 1) / WARM_UP)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, count = loss_of(network, batch, yes_at)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        tokens += count
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if step % 20 == 0:
            seconds = time.time() - began
            print(f"step {step} of {len(plan)}, loss {mean:.4f}, {tokens / seconds:.0f} tokens/s", flush=True)


@torch.no_grad()
def log_odds(network, read, beginning, yes, no):
    """What the network gives yes over no, for each lesson."""
    found = np.zeros(len(read))
    for place, lesson in enumerate(read):
        hidden = network(torch.tensor([lesson["prompt"] + beginning]))[0, -1]
        logits = F.linear(hidden, network.embed[[yes, no]]).float()
        found[place] = (logits[0] - logits[1]).item()
    return found


def write(network, path, prompts, midpoint, stretch):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(network.alpha))
    writer.add_string("general.name", "Sereno adapter for SmolLM2-135M-Instruct")
    writer.add_string("general.license", "apache-2.0")
    writer.add_string("sereno.prompts", prompts)
    writer.add_string("sereno.danger", f"{midpoint:.4f} {stretch:.4f}")
    half = lambda matrix: matrix.detach().float().numpy().astype(np.float16)
    for index, block in enumerate(network.blocks):
        for name in MATRICES if index >= network.first else ():
            matrix = getattr(block, name)
            writer.add_tensor(f"blk.{index}.{name}.weight.lora_a", half(matrix.a))
            writer.add_tensor(f"blk.{index}.{name}.weight.lora_b", half(matrix.b))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("model")
    options.add_argument("lessons")
    options.add_argument("out")
    options.add_argument("--epochs", type=int, default=4)
    options.add_argument("--rates", type=float, nargs=2, default=(4e-4, 5e-5), help="learning rate, first and last")
    options.add_argument("--resume", help="a state that an earlier run left beside its adapter")
    given = options.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)
    prompts, by_stage = load(given.lessons)
    answer = lambda danger: next(l["answer"] for l in by_stage["read"] if l["danger"] == danger)
    yes_at = first_difference(answer("yes"), answer("no"))
    network = Network(given.model)
    if given.resume:
        network.load_state_dict(torch.load(given.resume), strict=False)
    if given.epochs:
        train(network, by_stage, given.epochs, given.rates, yes_at)
        torch.save(network.learned(), f"{given.out}.pt")
    # Hard cases too: on the ordinary ones alone it is so often right that any scale would do.
    kept = [l for l in by_stage["read"] if held_back(l) and l["danger"] != "unclear"]
    odds = log_odds(network, kept, answer("yes")[:yes_at], answer("yes")[yes_at], answer("no")[yes_at])
    truth = np.array([l["danger"] == "yes" for l in kept])
    scale = LogisticRegression(C=100).fit(odds[:, None], truth)
    stretch = float(scale.coef_[0, 0])
    write(network, given.out, prompts, -float(scale.intercept_[0]) / stretch, stretch)
    plain = np.array([is_plain(lesson) for lesson in kept])
    for name, part in (("ordinary", plain), ("hard", ~plain)):
        area = roc_auc_score(truth[part], odds[part])
        print(f"{part.sum()} {name} captions held back: area under ROC {area:.3f}")


if __name__ == "__main__":
    sys.exit(main())
