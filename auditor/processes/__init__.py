"""Programs that are started, watched and stopped without a trace."""

from auditor.processes.application import Application, Listener, Stopped
from auditor.processes.output import Line

__all__ = ["Application", "Line", "Listener", "Stopped"]
