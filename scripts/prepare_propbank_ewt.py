"""Build PropBank roles on the English Web Treebank: train.conll.gz, dev.conll.gz and test.conll.gz in EWT columns.

Words come from UD_English-EWT and roles from propbank-release, both CC BY-SA 4.0, downloaded or given as local paths.
Takes about 10 seconds beyond downloads. `data=propbank-ewt` does the same by itself when it finds no such files.

    python scripts/prepare_propbank_ewt.py
    python scripts/prepare_propbank_ewt.py --ud UD_English-EWT.zip --propbank propbank-release --out data/ewt
"""

import argparse
import logging
import sys
from pathlib import Path

from grunlp.data.propbank import EWT_FILES, build_ewt, require_absent
from grunlp.utils.cache import cache_dir
from grunlp.utils.errors import UserError


def main() -> int:
    """Parse the command line, build, print a summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ud", type=Path, help="UD_English-EWT: a folder or archive (default: download)")
    parser.add_argument("--propbank", type=Path, help="propbank-release: a folder or archive (default: download)")
    parser.add_argument("--out", type=Path, default=cache_dir() / "propbank-ewt", help="folder (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        if not args.force:
            require_absent(args.out, EWT_FILES)
        counts = build_ewt(args.out, args.ud, args.propbank)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    for name, count in counts.items():
        print(f"{count:8,} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
