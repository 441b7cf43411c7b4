"""gotcha-audit: finds code that passes its tests and breaks in production."""

__version__ = "0.1.0"
