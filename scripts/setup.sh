# Sourced by quickstart.sh and test.sh: makes the virtual environment .venv with grunlp in it, or leaves a good one alone.
# With extras=dev set, what tests need too; with extras=serve, the server. Packages have the versions and, but for torch,
# the checksums of scripts/requirements. Takes about two minutes beyond downloads. Needs Python 3.11 or later and a package
# index.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo "error: $*" >&2; exit 1; }

python=""
for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
  if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python="$candidate"
    break
  fi
done
[ -n "$python" ] || fail "Python 3.11 or later is needed, and no such python3 was found. Install it, or type PYTHON=/path/to/python bash $0"

if ! .venv/bin/python -c "import pip" 2>/dev/null; then
  echo "making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv || fail "cannot make .venv. On Debian and Ubuntu: apt-get install python3-venv"
fi

# The environment is good when it was made from these very files; the last are compiled where there is a compiler.
stamp=.venv/grunlp-installed
extras="${extras:-}"
case "$extras" in
  "" | dev | serve) packages="scripts/requirements/${extras:-base}.txt" ;;
  *) fail "extras=$extras: there are dev and serve. Type extras=dev or extras=serve, or leave it out" ;;
esac
wanted=$(cat pyproject.toml scripts/requirements/*.txt grunlp/kernels/*.cpp grunlp/kernels/*.hpp | cksum)
made="$(cat "$stamp" 2>/dev/null || true)"
if [ "$made" != "$extras $wanted" ] && [ "$made" != "dev $wanted" ]; then
  echo "installing into .venv (torch is about 200 MB)"
  .venv/bin/pip install --quiet --no-deps --require-hashes --requirement "$packages" \
    || fail "cannot install grunlp's dependencies. Is the package index within reach?"
  # by its exact version: asked for with others, pip may choose a build with gigabytes of CUDA
  .venv/bin/pip install --quiet --requirement scripts/requirements/torch.txt \
    || fail "cannot install torch. Is the package index within reach?"
  .venv/bin/pip install --quiet --no-deps --editable . || fail "cannot build grunlp"
  echo "$extras $wanted" > "$stamp"
fi
