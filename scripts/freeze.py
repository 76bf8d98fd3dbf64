"""Write the frozen records that are not there yet, or declare what differs from them.

    python scripts/freeze.py                                 # write missing files
    python scripts/freeze.py --declare "REASON" [--file NAME] [--field F] [--key PATTERN]

    python scripts/freeze.py --again NAME                    # freeze again what is declared so

Frozen files are never written over. With --declare each undeclared difference (of one file, of
one field, of keys like PATTERN) becomes a line of ``tests/golden/frozen/changes.csv``.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "golden"


def load_records() -> ModuleType:
    """Load the module that makes and compares the records."""
    spec = importlib.util.spec_from_file_location("test_frozen", GOLDEN / "test_frozen.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def freeze_again(module: ModuleType, name: str) -> None:
    """Write the records whose lines in changes.csv say ``(again)``."""
    kind, lines = module.KINDS[name], [c for c in module.declared(name) if c.now == "(again)"]
    now = {
        cell: value
        for cell, value in kind.make().items()
        if any(fnmatch.fnmatchcase("|".join(cell[0]), line.key) for line in lines)
    }
    module.write(module.FROZEN / f"{name}_again.csv", kind, now)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--declare", metavar="REASON")
    parser.add_argument("--again", metavar="NAME")
    parser.add_argument("--file", metavar="NAME")
    parser.add_argument("--field", default="*", metavar="PATTERN")
    parser.add_argument("--key", default="*", metavar="PATTERN")
    options = parser.parse_args()
    module = load_records()
    os.environ["WQA_ROOT"] = str(module.as_delivered())  # what was known at the freeze
    if options.again:
        freeze_again(module, options.again)
        return
    if not options.declare:
        for name, kind in module.KINDS.items():
            path = module.FROZEN / f"{name}.csv"
            if not path.exists():
                module.write(path, kind, kind.make())
                print(f"wrote {path.relative_to(GOLDEN.parents[1])}")
        return
    lines = []
    for name in [options.file] if options.file else module.KINDS:
        lines += [
            change._replace(reason=options.declare)
            for change in module.compared(name)[0]
            if fnmatch.fnmatchcase(change.field, options.field)
            and fnmatch.fnmatchcase(change.key, options.key)
        ]
    with module.CHANGES.open("a", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(lines)
    print(module.table(lines))


if __name__ == "__main__":
    main()
