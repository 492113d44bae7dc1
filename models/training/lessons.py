"""Reads what `sereno model lessons` writes, and says which lessons are held back."""

import hashlib
import json

HELD_BACK = 12


def load(path):
    """The prompts' digests, and the lessons by stage."""
    by_stage = {}
    with open(path, encoding="utf-8") as file:
        prompts = json.loads(next(file))["prompts"]
        for line in file:
            lesson = json.loads(line)
            by_stage.setdefault(lesson["stage"], []).append(lesson)
    return prompts, by_stage


def held_back(lesson):
    """One group in twelve trains nothing: it measures, and sets the scale of what was trained."""
    return int(hashlib.sha256(lesson["group"].encode()).hexdigest(), 16) % HELD_BACK == 0


def is_plain(lesson):
    """Of the ordinary distribution, not of the hard cases (README.md)."""
    return "-plain" in lesson["group"]


def first_difference(one, other):
    """Where two answers part: the token that says yes or no."""
    return next(place for place, (a, b) in enumerate(zip(one, other)) if a != b)
