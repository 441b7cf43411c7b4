"""Everything that must hold before a plan is complete: suite, scan, validation."""
