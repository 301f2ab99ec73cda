#!/usr/bin/env bash
# Writes scripts/requirements/*.txt anew: every package that the scripts install, by version and checksum, for all
# platforms and Pythons. To be run when the dependencies in pyproject.toml change. Takes ten seconds; needs uv and a
# package index.
#   bash scripts/lock.sh [--upgrade]     versions stay as they are where they can; --upgrade: the newest
set -euo pipefail
cd "$(dirname "$0")/.."
command -v uv > /dev/null || { echo "error: uv is not installed. Type: pip install uv" >&2; exit 1; }

# name of the file, and the extras that are for it
while read -r name extras; do
  file="scripts/requirements/$name.txt"
  touch "$file"
  # shellcheck disable=SC2086
  uv pip compile pyproject.toml $extras --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
    --no-header --constraint scripts/requirements/torch.txt --output-file "$file" "$@" > /dev/null
  # torch has builds on several indexes, and what its CUDA needs comes with the build for it
  awk '/^[a-z]/ { wanted = !/^(torch|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)==/ } wanted' "$file" > "$file.part"
  mv "$file.part" "$file"
done << 'FILES'
base
serve --extra serve
dev --extra dev
FILES
