"""A built site taken apart: what its pages link to, and what a browser would load for them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src", "srcdoc"),
    "embed": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "input": ("src",),
    "track": ("src",),
}
ORIGIN = "http://site.invalid"


@dataclass
class Taken:
    """``links`` are those a person follows, ``loads`` those a browser follows by itself, ``styles`` is CSS within the page."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    styles: str = ""
    policy: str = ""
    headings: int = 0


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.taken = Taken()
        self.style = False

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.taken.ids |= {given[name] for name in ("id", "name") if name in given}
        self.taken.styles += given.get("style", "")
        self.style = tag == "style"
        self.taken.headings += tag == "h1"
        if tag == "a" and "href" in given:
            self.taken.links.append(given["href"])
        elif tag == "link" and "href" in given:
            follows = {"prev", "next", "canonical"} & set(given.get("rel", "").split())
            (self.taken.links if follows else self.taken.loads).append(given["href"])
        elif tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.taken.policy = given["content"]
        for name in LOADED.get(tag, ()):
            if name in given:
                self.taken.loads += [part.split()[0] for part in given[name].split(",") if part.strip()]

    def handle_endtag(self, tag):
        self.style = self.style and tag != "style"

    def handle_data(self, data):
        if self.style:
            self.taken.styles += data


def take_apart(html: str) -> Taken:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.taken


def pages(site: Path) -> dict[str, Taken]:
    """Every page of a site by its address: `/`, `/tutorial/`, `/404.html`."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        address = "/" + path.relative_to(site).as_posix()
        found[address.removesuffix("index.html")] = take_apart(path.read_text("utf-8"))
    return found


def dead(site: Path, taken: dict[str, Taken]) -> list[str]:
    """Links within the site whose page, file or anchor is not there."""
    missing = []
    for address, page in taken.items():
        for link in {*page.links, *page.loads}:
            target = urlsplit(urljoin(ORIGIN + address, link))
            if f"{target.scheme}://{target.netloc}" != ORIGIN:
                continue
            path = unquote(target.path)
            aim = taken.get(path)
            if aim is None and not (site / path.lstrip("/")).is_file():
                missing.append(f"{address}: {link}: no such page")
            elif aim is not None and target.fragment and unquote(target.fragment) not in aim.ids:
                missing.append(f"{address}: {link}: no such anchor")
    return missing


def foreign(link: str) -> bool:
    """Whether a browser would ask somebody else for it."""
    return urlsplit(urljoin(ORIGIN + "/", link)).netloc not in ("", "site.invalid")
