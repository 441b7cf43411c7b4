"""The catalogue: text becomes entries, entries become pages. Nothing in an entry is ever executed here."""

from auditor.catalogue.loader import Catalogue, agents_directory, bases_directory, cache_directory, load, load_directories, rules_directory

__all__ = ["Catalogue", "agents_directory", "bases_directory", "cache_directory", "load", "load_directories", "rules_directory"]
