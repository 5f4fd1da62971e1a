"""What the documents need to become pages: written for GitHub, they are read here by Python-Markdown."""
import posixpath
import re
import shutil
from pathlib import Path

from mkdocs.utils import get_relative_url

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^ *(```|~~~)")
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
# What the theme would load from another host, so that search works in pages that are opened as files. We have it beside this file.
SHIM = "https://unpkg.com/iframe-worker/shim"
SHIM_HERE = "assets/javascripts/iframe-worker.js"
ITEM = re.compile(r"^ {0,3}(?:[-*]|\d+\.) ")


def on_config(config):
    """Lists the decisions in the navigation, and has snippets read from the tree."""
    config.mdx_configs["pymdownx.snippets"]["base_path"] = [str(ROOT)]
    decisions = sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))
    about = next(section["About"] for section in config.nav if "About" in section)
    next(entry["Decisions"] for entry in about if "Decisions" in entry).extend(f"docs/decisions/{name}" for name in decisions)
    return config


def on_page_markdown(markdown, page, config, files):
    lines, fenced, before = [], False, ""
    for line in markdown.splitlines():
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            line = LINK.sub(lambda found: address(found[1], page, config, files), line)
            # GitHub begins a list right after a paragraph; Python-Markdown wants an empty line.
            if ITEM.match(line) and before.strip() and not ITEM.match(before) and not before.startswith(" ") and not FENCE.match(before):
                lines.append("")
        lines.append(line)
        before = line
    return "\n".join(lines)


def address(link, page, config, files):
    """A link to a file that is no page leads to the repository."""
    name = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), link))
    if name in files.src_uris or not (ROOT / name).exists():
        return link
    return config.extra["source"] + name


def on_post_page(output, page, config):
    return output.replace(SHIM, get_relative_url(SHIM_HERE, page.url))


def on_post_build(config):
    site = Path(config.site_dir)
    shutil.copyfile(Path(__file__).with_name("iframe-worker.js"), site / SHIM_HERE)
    missing = site / "404.html"
    missing.write_text(missing.read_text().replace(SHIM, SHIM_HERE))
