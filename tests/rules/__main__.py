"""`make mutate`: tries small wrong changes to the rules, and exits 1 where no case notices one that it should."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.rules.mutation import noticed
from tests.rules.pack import RULES
from tests.rules.unnoticed import UNNOTICED
from tools.binaries import locate


def main(arguments: Sequence[str]) -> int:
    """Of all rules, or of those named; gives the exit status."""
    unknown = set(arguments) - {rule.name for rule in RULES}
    if unknown:
        sys.stderr.write(f"rules/ has no rule named {', '.join(sorted(unknown))}; write a name as it stands there\n")
        return 2
    rules = [rule for rule in RULES if not arguments or rule.name in arguments]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = noticed(locate().promtool, Path(folder), rules)
    sys.stdout.writelines(f"{change}\n    {UNNOTICED[change]}\n" for change in sorted(found.unnoticed & found.listed))
    sys.stdout.write(f"{found}, {len(found.unnoticed & found.listed)} cannot be; {time.monotonic() - began:.0f} s\n")
    sys.stdout.writelines(f"{mistake}\n" for mistake in found.mistakes)
    return 1 if found.mistakes else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
