#!/usr/bin/env bash
# Regenerate scripts/requirements/*.txt, the lock files: version and checksums of every package that the scripts install,
# for all platforms and Python versions. Run it after changing the dependencies in pyproject.toml. It takes ten seconds
# and needs uv and a package index.
#   bash scripts/lock.sh                 keep the locked versions where possible
#   bash scripts/lock.sh --upgrade       lock the newest versions
set -euo pipefail
cd "$(dirname "$0")/.."
command -v uv > /dev/null || { echo "error: uv is not installed. Run: pip install uv" >&2; exit 1; }

# Each line of FILES: name of the lock file, then the extras that it covers.
while read -r name extras; do
  file="scripts/requirements/$name.txt"
  touch "$file"
  # shellcheck disable=SC2086
  uv pip compile pyproject.toml $extras --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
    --no-header --constraint scripts/requirements/torch.txt --output-file "$file" "$@" > /dev/null
  # torch.txt pins torch without checksums, because several indexes offer different builds; a CUDA build brings its own
  # CUDA packages.
  awk '/^[a-z]/ { wanted = !/^(torch|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)==/ } wanted' "$file" > "$file.part"
  mv "$file.part" "$file"
done << 'FILES'
base
serve --extra serve
dev --extra dev
FILES
