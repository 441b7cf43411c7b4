import pytest
from made_report import failing, made_report
from made_validation import breaks, fails, found, full, made_validation, passes, silenced, skips, starts, unattempted

from auditor.model import Outcome, Report, Result, Severity
from auditor.report.tally import summary
from auditor.report.verdict import Verdict, verdict, verdict_line

WARNING = Severity.WARNING


@pytest.mark.parametrize(
    ("results", "said", "status"),
    [
        ((), Verdict.NOT_ATTEMPTED, 3),
        ((skips("starts", "no start command is known"), skips("page")), Verdict.NOT_ATTEMPTED, 3),
        ((unattempted("starts"), passes("build")), Verdict.NOT_ATTEMPTED, 3),
        ((breaks("starts"), unattempted("page")), Verdict.NOT_ATTEMPTED, 3),
        ((skips("page"), found(Outcome.PASS, "refuted")), Verdict.NOT_ATTEMPTED, 3),
        ((silenced(passes("page")), skips("api")), Verdict.NOT_ATTEMPTED, 3),
        ((starts(), skips("page")), Verdict.PASS, 0),
        ((starts(), passes("page"), unattempted("flow", "a step is prose")), Verdict.PASS, 0),
        ((starts(), silenced(fails("page"))), Verdict.PASS, 0),
        ((starts(), fails("cors", severity=Severity.NOTE)), Verdict.PASS, 0),
        ((starts(), fails("cors", severity=Severity.WARNING)), Verdict.FAIL, 1),
        ((fails("starts"), unattempted("page")), Verdict.FAIL, 1),
        ((fails("dependencies"), unattempted("starts")), Verdict.FAIL, 1),
        ((starts(), found(Outcome.FAIL, "confirmed")), Verdict.FAIL, 1),
        ((starts(), breaks("console")), Verdict.INCOMPLETE, 3),
        ((starts(), breaks("console"), fails("page")), Verdict.FAIL, 3),
    ],
)
def test_the_verdict_and_the_exit_status(results: tuple[Result, ...], said: Verdict, status: int) -> None:
    report = made_validation(*results)
    assert verdict(report.runs[0]) is said
    assert report.exit_status(fail_on=WARNING) == status


def test_a_severity_below_the_limit_fails_nothing() -> None:
    report = made_validation(starts(), fails("cors", severity=Severity.WARNING))
    assert verdict(report.runs[0], fail_on=Severity.ERROR) is Verdict.PASS
    assert report.exit_status(fail_on=Severity.ERROR) == 0


def test_a_scan_with_nothing_in_it_is_clean_as_before() -> None:
    assert made_validation(producer="scan").exit_status(fail_on=WARNING) == 0


def test_a_validation_that_was_not_attempted_beside_a_failing_scan_is_incomplete() -> None:
    report = made_report(failing())
    both = Report(tool=report.tool, root=report.root, runs=(*report.runs, *made_validation(skips("starts")).runs))
    assert report.exit_status(fail_on=WARNING) == 1
    assert both.exit_status(fail_on=WARNING) == 3


def test_the_figures_count_checks_and_tell_gotchas_apart() -> None:
    assert verdict_line(full().runs[0]) == (
        "FAIL  2 fail, 8 pass, 1 not examined, 1 skipped, 1 not attempted; gotchas: 1 confirmed, 1 refuted; 4.21 s"
    )
    assert verdict_line(made_validation().runs[0]) == "NOT ATTEMPTED  0 fail, 0 pass; 4.21 s"
    assert verdict_line(made_validation(starts(), silenced(fails("page"))).runs[0]) == "PASS  0 fail, 1 pass, 1 suppressed; 4.21 s"


def test_the_summary_of_a_validation_speaks_of_no_files() -> None:
    report = made_validation(starts())
    assert summary(report) == "PASS 0 fail, 1 pass; 4.21 s"
    scanned = made_report(failing())
    both = Report(tool=report.tool, root=report.root, runs=(*scanned.runs, *report.runs))
    assert summary(both) == "1 fail, 0 review, 0 pass, 0 suppressed; 12 files in 0.42 s; PASS 0 fail, 1 pass; 4.21 s"
