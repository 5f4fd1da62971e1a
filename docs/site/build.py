"""Builds the site: stages the documents as they lie in the tree, makes the API reference, and calls MkDocs.

    python docs/site/build.py TARGET     stages in TARGET/site-src, writes TARGET/site

The staged folder has the tree's own layout, so that a link between documents is the same on the site as in the repository.
"""
import logging
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import reference  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "deploy/README.md", "fuzz/README.md"]
PICTURES = {".png", ".svg"}
# Files that readers import elsewhere.
IMPORTS = ROOT / "docs/clients"


class Counting(logging.Handler):
    """Prints what MkDocs complains of, and counts it."""

    count = 0

    def emit(self, record):
        self.count += 1
        print(f"{record.levelname.lower()}: {record.getMessage()}", file=sys.stderr)


def stage(folder):
    shutil.rmtree(folder, ignore_errors=True)
    documents = [path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*")
                 if (path.suffix in {".md", *PICTURES} or path.parent == IMPORTS) and HERE not in path.parents]
    for name in [*map(Path, PAGES), *documents]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    (folder / "assets").mkdir()
    shutil.copyfile(ROOT / "assets/console/icon.svg", folder / "assets/icon.svg")
    (folder / "docs/reference.md").write_text(reference.markdown(ROOT / "docs/openapi.json"))


def main():
    target = Path(sys.argv[1]).resolve()
    stage(target / "site-src")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    complaints = Counting(logging.WARNING)
    logging.getLogger("mkdocs").addHandler(complaints)
    config = load_config(str(HERE / "mkdocs.yml"), docs_dir=str(target / "site-src"), site_dir=str(target / "site"))
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    if complaints.count:
        sys.exit(f"{complaints.count} complaints: see above")
    print(target / "site" / "index.html")


if __name__ == "__main__":
    main()
