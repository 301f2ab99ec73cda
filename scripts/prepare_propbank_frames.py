"""Build two files from the PropBank frame files: frames.conll.gz, their annotated example sentences in EWT columns, and
rolesets.json.gz, an index of what each roleset is called and what its roles are.

They come from propbank-frames, CC BY-SA 4.0, downloaded or given as a local path. Takes about 5 seconds beyond the
download. `data.extra=propbank-frames` does the same by itself when it does not find them. Where the
index lies in its default place, predictions name roles by it.

    python scripts/prepare_propbank_frames.py
    python scripts/prepare_propbank_frames.py --frames propbank-frames.tar.xz --out data/propbank-frames
"""

import argparse
import logging
import sys
from pathlib import Path

from grunlp.data.propbank import FRAMES_FILE, build_frames, require_absent
from grunlp.data.propbank.frame_index import INDEX_FILE
from grunlp.utils.cache import cache_dir
from grunlp.utils.errors import UserError


def main() -> int:
    """Parse the command line, build, print a summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, help="propbank-frames: a folder or archive (default: download)")
    default = cache_dir() / "propbank-frames"
    parser.add_argument("--out", type=Path, default=default, help="folder (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        if not args.force:
            require_absent(args.out, [FRAMES_FILE, INDEX_FILE])
        counts = build_frames(args.out, args.frames)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    for name, count in counts.items():
        print(f"{count:8,} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
