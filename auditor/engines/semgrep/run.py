"""One scan with semgrep: started beside the other engines, finished when they are done."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from auditor.engines.base import Findings, Trouble, Work
from auditor.engines.semgrep.output import Fault, Hit, NoReportError, Output, parse_output
from auditor.engines.semgrep.process import Ended, Process, find_semgrep
from auditor.engines.semgrep.rules import Refused, Rule, bindings_in, compile_rules, untangled
from auditor.engines.semgrep.targets import Plan, Target, plan_targets
from auditor.engines.sites import Found, settle
from auditor.model import Place, span_of
from auditor.project.project import Project

_PATIENCE = 4
"""A scan that hangs or crashes is halved until the file at fault is alone; all of that may take this many times the first limit."""

_SHORT_LIST = 50


def start(work: Work) -> Pending:
    """Starts semgrep for the detectors that have a candidate file; when none has, nothing is started or looked up."""
    rules, refused = compile_rules(work.gotchas)
    plan = plan_targets(work, rules)
    needed = {rule.id: rule for rule in rules if rule.id in plan.admitted}
    pending = Pending(work.project, needed, refused, plan)
    if needed:
        pending.begin()
    return pending


@dataclass(slots=True)
class _Seen:
    """What the runs so far have brought."""

    hits: dict[Hit, None] = field(default_factory=dict)
    faults: dict[Fault, None] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Pending:
    """Semgrep at work on one scan."""

    def __init__(self, project: Project, rules: Mapping[str, Rule], refused: tuple[Refused, ...], plan: Plan, *, experimental: bool = True) -> None:
        self._project = project
        self._rules = rules
        self._refused = refused
        self._plan = plan
        self._experimental = experimental
        self._semgrep: Path | None = None
        self._process: Process | None = None
        self._problem = ""

    def begin(self) -> None:
        """Starts the process."""
        self._semgrep = find_semgrep()
        if self._semgrep is None:
            self._problem = "semgrep is neither installed beside Python nor on PATH; install it: pip install semgrep"
            return
        try:
            self._process = self._launch(tuple(self._plan.targets))
        except OSError as error:
            self._problem = f"semgrep cannot be started: {error}"

    def cancel(self) -> None:
        """Stops without a result."""
        if self._process is not None:
            self._process.kill()

    def finish(self) -> Findings:
        """Waits for the end and gives what was found. Whatever could not be examined is a trouble, never silence."""
        seen = _Seen()
        if self._problem:
            seen.troubles.append(self._unavailable(self._problem))
        elif self._process is not None:
            names = tuple(self._plan.targets)
            deadline = time.monotonic() + _PATIENCE * self._limit(len(names))
            self._collect(names, self._process, deadline, seen)
        return self._findings(seen)

    # -- running ---------------------------------------------------------------------------------------------------------------

    def _limit(self, files: int) -> float:
        """Seconds for one run: measured are 0.2 for one file and about 0.01 a file on top; hostile files take any time."""
        return 2 * self._project.config.file_timeout + 0.25 * files

    def _launch(self, names: tuple[str, ...]) -> Process:
        assert self._semgrep is not None
        rules = []
        for rule in self._rules.values():
            admitted = self._plan.admitted[rule.id]
            included = [name for name in names if name in admitted]
            if included:
                rules.append({**rule.body, "paths": {"include": included}} if self._narrow(rule, included) else rule.body)
        files = {name: self._plan.targets[name].written for name in names}
        config = json.dumps({"rules": rules}, ensure_ascii=False)
        return Process(self._semgrep, config, files, experimental=self._experimental, jobs=self._project.config.jobs)

    def _narrow(self, rule: Rule, included: list[str]) -> bool:
        """Whether semgrep is told which files a rule is for; what it finds elsewhere is dropped in any case.

        It runs every rule on every file of its languages, and `generic` and `regex` rules on all files, but is slow over long lists.
        """
        return len(included) < len(self._plan.targets) and (len(included) <= _SHORT_LIST or not {"generic", "regex"}.isdisjoint(rule.languages))

    def _collect(self, names: tuple[str, ...], process: Process, deadline: float, seen: _Seen) -> None:
        """Reads one run; of one that hung or crashed each half is run again, until the file at fault is alone."""
        try:
            ended = process.wait(self._limit(len(names)))
            output = self._output(ended, names, seen)
        except (OSError, subprocess.SubprocessError, NoReportError) as error:
            seen.troubles.append(self._unavailable(f"semgrep failed: {error}"))
            return
        if output is not None:
            seen.hits.update(dict.fromkeys(output.hits))
            seen.faults.update(dict.fromkeys(output.faults))
        elif len(names) == 1 or time.monotonic() > deadline:
            for path in dict.fromkeys(self._plan.targets[name].path for name in names):
                seen.troubles.append(_given_up(path, ended, alone=len(names) == 1))
        else:
            half = len(names) // 2
            for part in (names[:half], names[half:]):
                try:
                    again = self._launch(part)
                except OSError as error:
                    seen.troubles.append(self._unavailable(f"semgrep cannot be started again: {error}"))
                    return
                self._collect(part, again, deadline, seen)

    def _output(self, ended: Ended, names: tuple[str, ...], seen: _Seen) -> Output | None:
        """The report of a run; None for a run that was stopped or crashed. Falls back to the slower front end once."""
        if ended.stopped or ended.code < 0:
            return None
        try:
            return parse_output(ended.output)
        except NoReportError as error:
            if not self._experimental:
                reason = _last_line(ended.errors) or str(error)
                raise NoReportError(f"exit code {ended.code}, {reason}") from error
        self._experimental = False
        seen.notes.append("semgrep's native front end is not available or gave no report; its default one was used, which is slower")
        again = self._launch(names).wait(self._limit(len(names)))
        return self._output(again, names, seen)

    # -- reporting -------------------------------------------------------------------------------------------------------------

    def _findings(self, seen: _Seen) -> Findings:
        found = [match for hit in seen.hits if (match := self._found(hit)) is not None]
        sites, judged = settle(self._project, found)
        faults, partly = self._faults(seen.faults)
        notes = list(seen.notes)
        if partly:
            names = ", ".join(map(str, sorted(partly)[:5])) + (" …" if len(partly) > 5 else "")
            notes.append(f"semgrep could read {_count(len(partly), 'template', 'templates')} only in part: {names}")
        return Findings(
            sites=sites,
            troubles=(*(_refusal(refused) for refused in self._refused), *self._plan.troubles, *seen.troubles, *faults, *judged),
            notes=tuple(notes),
            counts=(("files read by semgrep", len({target.path for target in self._plan.targets.values()})),) if self._plan.targets else (),
        )

    def _found(self, hit: Hit) -> Found | None:
        """The match behind a hit, when the rule may see that file at all: one process reads the files of all rules."""
        rule, target = self._rules.get(hit.rule), self._plan.targets.get(hit.file)
        if rule is None or target is None or target.name not in self._plan.admitted[rule.id]:
            return None
        span = target.span(hit.start, hit.end)
        bindings = untangled({name: target.restored(text) for name, text in bindings_in(hit.message).items()}, target.text)
        return Found(
            gotcha=rule.gotcha,
            detector=rule.detector,
            outcome=rule.outcome,
            path=target.path,
            span=span,
            source=target.source(span),
            bindings=bindings,
        )

    def _faults(self, faults: Mapping[Fault, None]) -> tuple[list[Trouble], set[PurePosixPath]]:
        """Troubles, once a file and kind; and the templates whose markup was in the way, which is no error of theirs."""
        troubles: dict[tuple[str, object], Trouble] = {}
        partly: set[PurePosixPath] = set()
        for fault in faults:
            rule, target = self._rules.get(fault.rule), self._plan.targets.get(fault.file)
            if fault.kind == "syntax" and target is not None:
                if target.template:
                    partly.add(target.path)
                else:
                    place = _place(target, fault)
                    message = f"semgrep could not read a part of this file: {target.restored(fault.message)}"
                    troubles.setdefault(("scan/syntax", target.path), Trouble(check="scan/syntax", place=place, message=message))
            elif fault.kind == "timeout" and target is not None:
                subject = f" while looking for {rule.gotcha.id}" if rule is not None else ""
                message = f"semgrep took too long{subject}"
                troubles.setdefault(("scan/timeout", target.path), Trouble(check="scan/timeout", place=_place(target, fault), message=message))
            elif rule is not None and target is None:
                message = f"a semgrep rule of {rule.gotcha.id} ({rule.gotcha.origin}) cannot be used: {fault.message}"
                troubles.setdefault(
                    (rule.id, message), Trouble(check="engine/semgrep", place=Place(path=None, label=rule.gotcha.id), message=message)
                )
            elif target is not None:
                subject = f" while looking for {rule.gotcha.id}" if rule is not None else ""
                message = f"semgrep failed{subject}: {fault.message}"
                troubles.setdefault(("engine/semgrep", target.path), Trouble(check="engine/semgrep", place=_place(target, fault), message=message))
            elif not fault.file:
                troubles.setdefault(("engine/semgrep", fault.message), self._unavailable(f"semgrep failed: {fault.message}"))
        return list(troubles.values()), partly

    def _unavailable(self, problem: str) -> Trouble:
        entries = len({rule.gotcha.id for rule in self._rules.values()})
        files = len({target.path for target in self._plan.targets.values()})
        message = f"{problem} ({_count(entries, 'entry', 'entries')} could not be looked for in {_count(files, 'file', 'files')})"
        return Trouble(check="engine/semgrep", place=Place(path=None, label="semgrep"), message=message)


def _place(target: Target, fault: Fault) -> Place:
    if fault.start is None:
        return Place(path=target.path)
    start = target.span(fault.start, fault.start).start
    return Place(path=target.path, span=span_of(start.line, start.column))


def _given_up(path: PurePosixPath, ended: Ended, *, alone: bool) -> Trouble:
    blame = "" if alone else ", on this file or another one"
    if ended.stopped:
        return Trouble(check="scan/timeout", place=Place(path=path), message=f"semgrep took too long and was stopped{blame}")
    return Trouble(check="scan/crash", place=Place(path=path), message=f"semgrep crashed (signal {-ended.code}){blame}")


def _refusal(refused: Refused) -> Trouble:
    message = f"a semgrep rule of {refused.gotcha.id} ({refused.gotcha.origin}) cannot be used: {refused.reason}"
    return Trouble(check="engine/semgrep", place=Place(path=None, label=refused.gotcha.id), message=message)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
