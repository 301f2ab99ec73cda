"""Build the PropBank annotation of the English Web Treebank: train, dev and test.conll.gz in EWT columns.

The words come from UD_English-EWT and the roles from propbank-release, both CC BY-SA 4.0, downloaded or given as local
paths. It takes about 10 seconds plus download time. A training with `data=propbank-ewt` builds missing files itself.

    python scripts/prepare_propbank_ewt.py
    python scripts/prepare_propbank_ewt.py --ud UD_English-EWT.zip --propbank propbank-release --out data/ewt
"""

import argparse
import sys
from pathlib import Path

from grunlp.data.propbank import EWT_FILES, build_ewt, require_absent
from grunlp.utils.cache import cache_dir
from grunlp.utils.cli import command


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ud", type=Path, help="UD_English-EWT: a folder or archive (default: download)")
    parser.add_argument("--propbank", type=Path, help="propbank-release: a folder or archive (default: download)")
    parser.add_argument(
        "--out", type=Path, default=cache_dir() / "propbank-ewt", help="output folder (default: %(default)s)"
    )
    parser.add_argument("--force", action="store_true", help="replace existing files")
    return parser


@command(lambda arguments: build_parser().format_help())
def main(arguments: list[str]) -> int:
    """Build the files and print how many examples they contain."""
    args = build_parser().parse_args(arguments)
    if not args.force:
        require_absent(args.out, EWT_FILES)
    counts = build_ewt(args.out, args.ud, args.propbank)
    for name, count in counts.items():
        print(f"{count:8,} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
