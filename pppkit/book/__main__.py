"""`python -m pppkit.book build` makes the site; `... run NOTEBOOK OUTPUT -p NAME VALUE` reruns a notebook."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from .run import execute, execute_all, parameter_values


def build(root: Path) -> Path:
    """Executes the notebooks that changed and builds the site, warnings as errors; returns its first page."""
    book = root / "book"
    if not (book / "_toc.yml").is_file():
        raise ValueError(f"root={str(root)!r} is not a pppkit checkout: it has no book/_toc.yml")
    ran = execute_all(root / "notebooks", book / "notebooks", book / "results", book / "reference")
    print(f"{len(ran)} notebooks run; building the site", flush=True)
    tool = Path(sys.executable).with_name("jupyter-book")
    try:
        subprocess.run([str(tool), "build", str(book), "-W", "--keep-going", "-q"], check=True)
    except subprocess.CalledProcessError:
        # Sphinx warns only of what it reads anew: the next build must read all, or it would pass
        shutil.rmtree(book / "_build" / ".doctrees", ignore_errors=True)
        raise
    return book / "_build" / "html" / "index.html"


def main(argv: list[str] | None = None) -> int:
    """The command line; errors in its input end it with a sentence, not a traceback."""
    parser = argparse.ArgumentParser(prog="python -m pppkit.book", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    site = commands.add_parser("build", help="execute the notebooks that changed and build the site")
    site.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout (default: here)")
    one = commands.add_parser("run", help="execute one notebook")
    one.add_argument("notebook", type=Path)
    one.add_argument("output", type=Path)
    one.add_argument("-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "build":
            build(arguments.root)
        else:
            execute(arguments.notebook, arguments.output, parameter_values(arguments.parameter))
            print(f"wrote {arguments.output}")
    except ValueError as error:
        parser.exit(2, f"error: {error}\n")
    except subprocess.CalledProcessError as error:
        parser.exit(1, f"error: {' '.join(error.cmd[:2])} failed (exit {error.returncode})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
