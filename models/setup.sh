#!/usr/bin/env bash
# Puts the models and ONNX Runtime into the model folder, checked byte by byte
# against models.toml. With everything there it only hashes the files.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../config/setup/common.sh
source "$(dirname "$0")/../config/setup/common.sh"

pins="models/models.toml"
models="${SERENO_MODELS_DIR:-$SERENO_CACHE_DIR/models}"
minilm="$models/minilm"
cd "$repository"

python="$(find_python)" || fail "Python 3.11 or newer is missing; run make setup"
if "$python" config/setup/fetch.py --check "$pins" "$models"; then exit 0; fi

say "getting the models (about 200 MB, once) into $models"
venv="$SERENO_CACHE_DIR/venv/fetch"
make_venv "$venv"
"$venv/bin/python" config/setup/fetch.py "$pins" "$models"

# The export needs numpy and onnx, and its check ONNX Runtime: an environment
# of its own, whose packages are pinned by hash.
if ! "$python" config/setup/fetch.py --check "$pins" "$models" minilm/model.onnx; then
  say "writing the ONNX graph of MiniLM and checking it"
  venv="$SERENO_CACHE_DIR/venv/export"
  make_venv "$venv"
  "$venv/bin/python" -m pip install --require-hashes --no-deps --only-binary :all: \
    --disable-pip-version-check --requirement models/requirements.txt
  "$venv/bin/python" models/export_minilm.py "$minilm/model.safetensors" "$minilm/model.onnx"
  "$venv/bin/python" models/check_minilm.py "$minilm/model.safetensors" "$minilm/tokenizer.json" "$minilm/model.onnx"
  if ! "$python" config/setup/fetch.py --check "$pins" "$models" minilm/model.onnx; then
    found="$(sha256sum "$minilm/model.onnx" | cut -d' ' -f1)"
    rm -f "$minilm/model.onnx"
    fail "the exported minilm/model.onnx has SHA-256 $found, not the one that $pins pins; it passed its check, so pin the new hash if you changed the export, and report it if you did not"
  fi
  # 400 MB that nothing needs any more.
  rm -rf "$venv"
fi
rm -f "$minilm/model.safetensors"
say "models are ready"
