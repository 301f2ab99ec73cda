"""Build training sentences and a roleset index from the PropBank frame files.

frames.conll.gz holds their annotated example sentences in EWT columns; rolesets.json.gz holds the name of each roleset
and the descriptions of its roles. The source is propbank-frames, CC BY-SA 4.0, downloaded or given as a local path. It
takes about 5 seconds plus download time. A training with `data.extra_train=propbank-frames` builds missing files
itself. If
the index is in the default folder, predictions include role descriptions.

    python scripts/prepare_propbank_frames.py
    python scripts/prepare_propbank_frames.py --frames propbank-frames.tar.xz --out data/propbank-frames
"""

import argparse
import sys
from pathlib import Path

from grunlp.data.propbank import FRAMES_FILE, build_frames, require_absent
from grunlp.data.propbank.frame_index import INDEX_FILE
from grunlp.utils.cache import cache_dir
from grunlp.utils.cli import command


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=Path, help="propbank-frames: a folder or archive (default: download)")
    default = cache_dir() / "propbank-frames"
    parser.add_argument("--out", type=Path, default=default, help="output folder (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="replace existing files")
    return parser


@command(lambda arguments: build_parser().format_help())
def main(arguments: list[str]) -> int:
    """Build the files and print how many entries they contain."""
    args = build_parser().parse_args(arguments)
    if not args.force:
        require_absent(args.out, [FRAMES_FILE, INDEX_FILE])
    counts = build_frames(args.out, args.frames)
    for name, count in counts.items():
        print(f"{count:8,} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
