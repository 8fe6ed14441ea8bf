"""Fails when a target with `test = false` has unit tests: no binary is linked for it, so they would never run."""

import json
import pathlib
import re
import subprocess
import sys


def files(root):
    """A source file and the files of its modules."""
    yield root
    folder = root.parent if root.name in ("lib.rs", "main.rs", "mod.rs") else root.with_suffix("")
    for module in re.findall(r"^\s*(?:pub(?:\([a-z]+\))? )?mod (\w+);", root.read_text(), re.MULTILINE):
        for path in (folder / f"{module}.rs", folder / module / "mod.rs"):
            if path.exists():
                yield from files(path)


def main():
    listed = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], check=True, capture_output=True, text=True
    )
    lost = [
        str(path)
        for package in json.loads(listed.stdout)["packages"]
        for target in package["targets"]
        if not target["test"] and {"lib", "bin"} & set(target["kind"])
        for path in files(pathlib.Path(target["src_path"]))
        if re.search(r"#\[(tokio::)?test\b|proptest!", path.read_text())
    ]
    if lost:
        sys.exit("the target of these tests has `test = false`:\n" + "\n".join(lost))


main()
