# Create the virtual environment .venv and install grunlp into it; an up-to-date environment is kept. Sourced by
# quickstart.sh and test.sh. Set extras=dev to add the test dependencies, or extras=serve to add those of the server.
# Versions and checksums come from scripts/requirements (torch: version only). It takes about two minutes plus download
# time, and needs Python 3.11 or later and a package index.
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
[ -n "$python" ] || fail "Python 3.11 or later was not found. Install it, or run: PYTHON=/path/to/python bash $0"

if ! .venv/bin/python -c "import pip" 2>/dev/null; then
  echo "creating .venv with $("$python" --version)"
  "$python" -m venv --clear .venv || fail "cannot create .venv. On Debian and Ubuntu run: apt-get install python3-venv"
fi

# The environment is up to date if it was built from these files. The C++ kernels are compiled if there is a compiler.
stamp=.venv/grunlp-installed
extras="${extras:-}"
case "$extras" in
  "" | dev | serve) packages="scripts/requirements/${extras:-base}.txt" ;;
  *) fail "extras=$extras: unknown. Use extras=dev, extras=serve, or no extras" ;;
esac
wanted=$(cat pyproject.toml scripts/requirements/*.txt grunlp/kernels/*.cpp grunlp/kernels/*.hpp | cksum)
made="$(cat "$stamp" 2>/dev/null || true)"
if [ "$made" != "$extras $wanted" ] && [ "$made" != "dev $wanted" ]; then
  echo "installing packages into .venv (torch is about 200 MB)"
  .venv/bin/pip install --quiet --no-deps --require-hashes --requirement "$packages" \
    || fail "cannot install grunlp's dependencies. Check the connection to the package index"
  # Torch is installed separately with an exact version; otherwise pip may choose a CUDA build of several gigabytes.
  .venv/bin/pip install --quiet --requirement scripts/requirements/torch.txt \
    || fail "cannot install torch. Check the connection to the package index"
  .venv/bin/pip install --quiet --no-deps --editable . || fail "cannot build grunlp"
  echo "$extras $wanted" > "$stamp"
fi
