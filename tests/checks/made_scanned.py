"""One entry of the catalogue over a small tree, as a scan sees it."""

from auditor.model import Outcome
from auditor.project.config import load_config
from auditor.scan import ScanOptions, scan


def scanned(root, gotcha, files):
    """Verdicts by `path:line` of every site of the entry in the files, written below `root`."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    report = scan(root, ScanOptions(config=load_config(root), select=(gotcha,), jobs=1, no_cache=True))
    assert not [result.message for result in report.results if result.outcome is Outcome.ERROR]
    return {f"{result.place.path}:{result.place.line}": result.outcome.value for result in report.results}
