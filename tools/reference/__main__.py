# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write what follows from the model's declarations: option documentation, role options, the reference pages.

python tools/reference            write the files that differ
python tools/reference --check    name the files that are stale, and fail when there are some
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is stale")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        _import_collection_from(Path(folder))
        import capabilities
        import fragments
        import model_page

        import roles

        wanted = {
            **fragments.files(),
            **roles.files(),
            "docs/reference/model.md": model_page.page(),
            "docs/reference/capabilities.md": capabilities.page(),
        }
    stale = [name for name, text in wanted.items() if _text(name) != text]
    for name in stale:
        print(f"{'stale' if check else 'written'}: {name}")
        if not check:
            (REPOSITORY / name).parent.mkdir(parents=True, exist_ok=True)
            (REPOSITORY / name).write_text(wanted[name], encoding="utf-8")
    return 1 if check and stale else 0


def _text(name: str) -> str | None:
    path = REPOSITORY / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def _import_collection_from(folder: Path) -> None:
    """Make the working tree importable under the collection's name."""
    namespace = folder / "ansible_collections" / "evenkeel"
    namespace.mkdir(parents=True)
    (namespace / "lb").symlink_to(REPOSITORY)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True


if __name__ == "__main__":
    sys.exit(main())
