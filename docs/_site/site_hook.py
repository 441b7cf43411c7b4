"""What MkDocs calls while it builds the site: the navigation, the generated pages, and links that lead out of `docs/`."""

from __future__ import annotations

from pathlib import Path

from gotcha_site.documents import relinked
from gotcha_site.site import generated, navigation
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from auditor.catalogue import load_directories, rules_directory

_HERE = Path(__file__).resolve().parent


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every page into the navigation."""
    documents = Path(config.docs_dir)
    written = {path.relative_to(documents).as_posix() for path in documents.rglob("*.md") if not path.is_relative_to(_HERE)}
    config.nav = navigation(load_directories((rules_directory(),), cache=None), written)
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are written from the catalogue, the commands and the schemas."""
    catalogue = load_directories((rules_directory(),), cache=None)
    for path, text in generated(catalogue, Path(config.docs_dir).parent).items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 (MkDocs gives them by name)
    """A document of `docs/` may link to any file of the repository; on the site that is its address on GitHub."""
    if page.file.generated_by is not None:
        return markdown
    return relinked(markdown, f"docs/{page.file.src_uri}", page.file.src_uri, Path(config.docs_dir).parent)
