import pytest
from made_validation import breaks, fails, full, made_validation, passes, silenced, skips, starts, unattempted

from auditor.model import Evidence, Result
from auditor.report.checklist import checklist

TITLES = [
    "server starts",
    "health",
    "front end loads",
    "static assets",
    "API statuses",
    "one whole user flow",
    "no unexpected 404/500",
    "no console errors",
]


def answers(*results: Result) -> dict[str, tuple[str, str]]:
    return {item.title: (item.sign, item.evidence) for item in checklist(made_validation(*results).runs[0])}


def observed(text: str) -> Evidence:
    return Evidence(kind="observed", title="", body=text)


def test_the_questions_are_those_eight_in_that_order() -> None:
    assert [item.title for item in checklist(full().runs[0])] == TITLES
    assert [item.title for item in checklist(made_validation().runs[0])] == TITLES


def test_the_answers_of_a_run_with_everything() -> None:
    signs = "".join(item.sign for item in checklist(full().runs[0]))
    assert signs == "✓–✗✓✓–✗–"


def test_what_nobody_looked_at_is_never_yes() -> None:
    assert {sign for sign, _ in answers().values()} == {"–"}


def test_what_was_skipped_or_not_attempted_is_open_and_says_why() -> None:
    given = answers(
        fails("starts", "exit code 3"),
        skips("health", "no health endpoint is known"),
        unattempted("page"),
        unattempted("console"),
        unattempted("api"),
    )
    assert given["server starts"] == ("✗", "exit code 3")
    assert given["health"] == ("–", "no health endpoint is known")
    assert given["front end loads"] == ("–", "not attempted because runtime/starts failed")
    assert given["no unexpected 404/500"] == ("–", "not attempted because runtime/starts failed")
    assert given["one whole user flow"] == ("–", "nothing looked at it")


@pytest.mark.parametrize(
    ("title", "first", "other"),
    [
        ("server starts", "starts", "port-owner"),
        ("server starts", "starts", "binds-loopback-only"),
        ("server starts", "starts", "ignores-port"),
        ("front end loads", "page", "deep-link"),
        ("static assets", "asset", "soft-404"),
        ("API statuses", "api", "api-html"),
        ("API statuses", "api", "openapi"),
    ],
)
def test_a_failure_beside_it_makes_the_answer_no_and_a_pass_beside_it_makes_no_yes(title: str, first: str, other: str) -> None:
    assert answers(passes(first), fails(other))[title] == ("✗", "breaks")
    assert answers(skips(first, "nothing there"), passes(other))[title] == ("–", "nothing there")
    assert answers(passes(other))[title][0] == "–"
    assert answers(passes(first), breaks(other, "no time"))[title] == ("–", "not examined: no time")
    assert answers(passes(first), skips(other))[title][0] == "✓"


def test_a_silenced_failure_is_no_answer() -> None:
    assert answers(silenced(fails("health")))["health"] == ("–", "nothing looked at it")


@pytest.mark.parametrize("name", ["health", "page", "asset", "deep-link", "api", "api-html", "openapi", "flow", "cors", "console"])
@pytest.mark.parametrize("answer", ["404 text/html", "500 text/plain", "502"])
def test_an_unexpected_404_or_server_error_is_no_whichever_check_saw_it(name: str, answer: str) -> None:
    assert answers(passes("health"), fails(name, "broken", "GET /", observed(answer)))["no unexpected 404/500"] == ("✗", "GET /: broken")


@pytest.mark.parametrize("answer", ["401 application/json", "200 text/html", "no answer within 500 ms", "403, 5000 bytes"])
def test_other_failures_are_no_404(answer: str) -> None:
    assert answers(passes("health", "fine"), fails("api", "404 was expected", "", observed(answer)))["no unexpected 404/500"] == ("✓", "none: fine")


def test_a_traceback_in_the_log_is_an_unexpected_500() -> None:
    assert answers(passes("api"), fails("log-traceback", "KeyError during GET /"))["no unexpected 404/500"] == ("✗", "KeyError during GET /")


def test_evidence_names_the_first_of_several() -> None:
    given = answers(starts(), passes("asset", "200 text/css", "GET /a.css"), passes("asset"), passes("asset"))
    assert given["static assets"] == ("✓", "GET /a.css: 200 text/css (and 2 more)")
    assert given["server starts"] == ("✓", "listens on 127.0.0.1:40123 after 0.6 s")
    assert given["no unexpected 404/500"] == ("✓", "none among 3 answers")


def test_evidence_is_one_line_of_bounded_length() -> None:
    evidence = answers(fails("page", "a\nb" + "x" * 100_000))["front end loads"][1]
    assert "\n" not in evidence
    assert len(evidence) == 300
