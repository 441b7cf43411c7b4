"""Recall and precision on labelled public repositories: `python bench/accuracy.py TREES`.

TREES holds one folder a repository, named owner+name, at the commit that bench/labels.csv names. Trees are read, never run.

A label is a site that FAILS or WORKS. It is found when the scan reports a failure of an entry that answers it, in the same file and within ten lines
(anywhere in the file for line 0); a failure on the very line of a FAILS label is that one's, and no alarm on a look-alike near it. FAILS found: true
positive; FAILS not found: miss; WORKS found: false alarm. Unlabelled sites do not count.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from auditor.model import Outcome, Result
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan

HERE = Path(__file__).parent
SLACK = 10


def failures(tree: Path) -> list[Result]:
    """The open failures a scan of ``tree`` reports."""
    report = scan(tree, ScanOptions(config=load_config(tree), no_cache=True))
    return [result for result in report.results if result.outcome is Outcome.FAIL and result.suppression is None]


def answers(label: dict[str, str], ids: list[str], found: list[Result]) -> bool:
    """Whether a failure answers the label."""
    line = int(label["line"] or 0)
    for result in found:
        if str(result.place.path) != label["path"] or not any(fnmatchcase(result.check, wanted) for wanted in ids):
            continue
        span = result.place.span
        if line == 0 or span is None or span.start.line - SLACK <= line <= span.end.line + SLACK:
            return True
    return False


def same(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether two labels are about one gotcha in one file."""
    return all(one[key] == other[key] for key in ("repo", "path", "gotcha"))


def rows(tally: dict[str, Counter[str]], about: dict[str, str]) -> Iterator[str]:
    """The table, one line a label and one for all."""
    whole: Counter[str] = sum(tally.values(), Counter())
    for name in [*sorted(tally, key=lambda name: int(name[1:])), "all"]:
        count = tally.get(name, whole)
        hit, miss, alarm = count["hit"], count["miss"], count["alarm"]
        recall = f"{hit / (hit + miss):4.2f}" if hit + miss else "  - "
        precision = f"{hit / (hit + alarm):4.2f}" if hit + alarm else "  - "
        yield (
            f"| {name:3} | {about.get(name, 'all of them'):30} | {recall} ({hit}/{hit + miss}) | {precision} ({hit}/{hit + alarm}) "
            f"| {alarm}/{alarm + count['clean']} |"
        )


def main() -> int:
    """Print the table; exit 2 when a tree is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", type=Path)
    parser.add_argument("--only", help="labels to count, comma separated (default: all)")
    parser.add_argument("-v", "--verbose", action="store_true", help="list misses and false alarms")
    options = parser.parse_args()
    answer = yaml.safe_load((HERE / "labels.yaml").read_text(encoding="utf-8"))
    wanted = set(options.only.split(",")) if options.only else set(answer)
    with (HERE / "labels.csv").open(newline="", encoding="utf-8") as file:
        labels = [row for row in csv.DictReader(file) if row["verdict"] in ("FAILS", "WORKS") and row["gotcha"] in wanted]
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    missing = False
    for repo in sorted({label["repo"] for label in labels}):
        tree = options.trees / repo.replace("/", "+")
        if not tree.is_dir():
            print(f"no tree: {tree}", file=sys.stderr)
            missing = True
            continue
        found = failures(tree)
        for label in labels:
            if label["repo"] != repo:
                continue
            ids = answer[label["gotcha"]]["ids"]
            exact = {int(other["line"]) for other in labels if other["verdict"] == "FAILS" and same(label, other)}
            own = found if label["verdict"] == "FAILS" else [result for result in found if result.place.line not in exact]
            hit = answers(label, ids, own)
            kind = {("FAILS", True): "hit", ("FAILS", False): "miss", ("WORKS", True): "alarm", ("WORKS", False): "clean"}[label["verdict"], hit]
            tally[label["gotcha"]][kind] += 1
            if options.verbose and kind in ("miss", "alarm"):
                print(f"{kind:5} {label['gotcha']:4} {repo}:{label['path']}:{label['line']} - {label['why']}", file=sys.stderr)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {sum(sum(count.values()) for count in tally.values())} labels")
    print("| label | about | recall | precision | false alarms on look-alikes |\n|---|---|---|---|---|")
    print("\n".join(rows(tally, {name: entry["about"] for name, entry in answer.items()})))
    return 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
