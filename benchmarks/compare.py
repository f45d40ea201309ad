"""Two stored results beside each other: ``python -m benchmarks.compare OLD.json NEW.json``."""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.figures import number

SAME = ("cpu", "cores", "python", "sqlite")


def main() -> int:
    """Print each figure that both results have, and the ratio of the new to the old."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    old, new = (_read(name) for name in sys.argv[1:])
    for key in SAME:
        if old["machine"][key] != new["machine"][key]:
            print(f"{key} differs: {old['machine'][key]} / {new['machine'][key]}")
    for key, value in old["settings"].items():
        if new["settings"].get(key) != value:
            print(f"{key} differs: {value} / {new['settings'].get(key)}")
    for result in (old, new):
        if result["source_changed_during_run"]:
            print(f"the source changed during the run of {result['date']}: not one version")
    before = {(f["workload"], f["name"]): f for f in old["figures"]}
    print(f"{'':44}  {old['commit']:>12}  {new['commit']:>12}  new/old")
    for figure in new["figures"]:
        known = before.get((figure["workload"], figure["name"]))
        if known is None:
            continue
        ratio = f"{figure['value'] / known['value']:.2f}" if known["value"] else ""
        name = f"{figure['workload']}: {figure['name']}"
        values = (number(known["value"]), number(figure["value"]))
        print(f"{name:44}  {values[0]:>12}  {values[1]:>12}  {ratio:>7}  {figure['unit']}")
    return 0


def _read(name: str) -> dict[str, Any]:
    document = json.loads(Path(name).read_text("utf-8"))
    assert isinstance(document, dict)
    return document


if __name__ == "__main__":
    sys.exit(main())
