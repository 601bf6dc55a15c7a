"""Make ``.venv`` with the ``connector`` command. Standard library only; ``make`` calls it.

    python3 scripts/setup.py run         what the daemon and the demo need
    python3 scripts/setup.py test        that, and the test packages
    python3 scripts/setup.py programs    the Debian programs that the tests drive
    python3 scripts/setup.py lock        what pins the requirements

A stamp in ``.venv`` holds the hash of everything that decides its contents, so a second call returns at once and
needs no network. Every requirement is pinned with its hashes, build tools included.
"""

# ruff: noqa: S603  (every command below is written here; nothing of it comes from outside)

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "setup.json"
REQUIREMENTS = ROOT / "requirements"
LOWEST = (3, 11)
# Foreign programs the tests talk to: command -> Debian package.
TEST_PROGRAMS = {
    "sipp": "sip-tester",
    "baresip": "baresip-core",
    "chromium": "chromium",
    "krb5kdc": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
}
# What pip compiles gssapi with, the one test package without a wheel for Linux.
BUILD_PROGRAMS = {"gcc": "gcc", "krb5-config": "libkrb5-dev"}
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # servers are there, and not in everybody's path


class SetupError(Exception):
    """A sentence that says what is missing and the command that brings it."""


def main(arguments: list[str]) -> int:
    if arguments not in (["run"], ["test"], ["programs"], ["lock"]):
        print("usage: python3 scripts/setup.py run|test|programs|lock", file=sys.stderr)
        return 2
    try:
        check_version()
        if arguments == ["programs"]:
            install_programs(TEST_PROGRAMS, "is driven by the tests")
        else:
            prepare(arguments[0])
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"setup: this command failed with status {error.returncode}: {shown(error.cmd)}", file=sys.stderr)
        return 1
    return 0


def check_version() -> None:
    if sys.version_info[:2] < LOWEST:
        raise SetupError(
            "Python 3.11 or newer is needed, and {} is {}.{}. Name another one: make setup PYTHON=python3.11".format(
                sys.executable, *sys.version_info[:2]
            )
        )


def prepare(kind: str) -> None:
    wanted = fingerprint(kind)
    done = read_stamp()
    if done.get(kind) == wanted:
        return
    make_venv()
    if kind == "test":
        install_programs(BUILD_PROGRAMS, "compiles a package of the tests")
        install_headers()
    say(f"installing the {kind} packages into .venv (pinned, hashes checked)")
    for tools in build_tools(kind):
        pip("--require-hashes", "-r", str(tools))
    # No isolation: what compiles gssapi is pinned, too.
    pip("--require-hashes", "--no-build-isolation", "-r", str(REQUIREMENTS / f"{kind}.txt"))
    if kind != "lock":
        pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    done[kind] = wanted
    if kind == "test":
        done["run"] = fingerprint("run")  # test.txt holds run.txt at the same versions
    STAMP.write_text(json.dumps(done, indent=2) + "\n", encoding="utf-8")
    say(f"done: .venv/bin/{program_of(kind).name}")


def fingerprint(kind: str) -> str:
    """Of the interpreter, the place (a venv does not survive a move) and every file that decides what is installed."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    project = [] if kind == "lock" else [ROOT / "pyproject.toml"]
    for path in (*project, *build_tools(kind), REQUIREMENTS / f"{kind}.txt"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build_tools(kind: str) -> list[Path]:
    names = {"run": ["build.txt"], "test": ["build.txt", "build-test.txt"], "lock": []}
    return [REQUIREMENTS / name for name in names[kind]]


def read_stamp() -> dict[str, str]:
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    # A stamp without its programs means somebody emptied the folder: set up again.
    return {kind: done for kind, done in found.items() if program_of(kind).exists()} if isinstance(found, dict) else {}


def program_of(kind: str) -> Path:
    return VENV / "bin" / ("uv" if kind == "lock" else "connector")


def make_venv() -> None:
    if venv_works():
        return
    if VENV.is_symlink():
        raise SetupError(f".venv is a link to {VENV.resolve()}, which would be emptied: remove the link, try again.")
    if not has_venv_module():
        install_venv_module()
    say(f"making .venv with {sys.executable}")
    # --clear: what an interrupted or moved set-up left behind is no base to build on.
    run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def venv_works() -> bool:
    """Same interpreter version, made here, and with a pip that starts."""
    if not PYTHON.exists():
        return False
    code = "import sys, pip; print(sys.prefix, *sys.version_info[:2])"
    answer = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=False)
    return answer.stdout.split() == [str(VENV), *map(str, sys.version_info[:2])] and pip_script_is_ours()


def pip_script_is_ours() -> bool:
    """A moved folder keeps the old path in its scripts."""
    script = VENV / "bin" / "pip"
    return script.exists() and str(VENV) in script.read_text(encoding="utf-8", errors="replace")[:500]


def has_venv_module() -> bool:
    """Debian ships python3 without venv's other half, ensurepip."""
    code = "import venv, ensurepip"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def install_venv_module() -> None:
    base = os.path.realpath(sys.executable)
    if shutil.which("apt-get") is None or not base.startswith("/usr/bin/"):
        raise SetupError(f"{sys.executable} has no venv module (venv, ensurepip): install it, or name another PYTHON.")
    install_packages([f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"], "makes Python's virtual environments")
    if not has_venv_module():
        raise SetupError(f"{sys.executable} still has no venv module after the installation.")


def install_programs(wanted: dict[str, str], why: str) -> None:
    missing = absent(wanted)
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise SetupError(f"please install these programs, each {why}: {', '.join(sorted(missing))}.")
    install_packages(sorted(missing.values()), why)
    still = sorted(absent(missing))
    if still:
        raise SetupError(f"still not found after the installation: {', '.join(still)}.")


def absent(wanted: dict[str, str]) -> dict[str, str]:
    return {name: package for name, package in wanted.items() if shutil.which(name, path=PATH) is None}


def install_headers() -> None:
    """Python's own, which Debian keeps in a package of their own."""
    if (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return
    if shutil.which("apt-get") is None or not os.path.realpath(sys.executable).startswith("/usr/bin/"):
        raise SetupError(f"{sys.executable} has no headers (Python.h): install them, or name another PYTHON.")
    install_packages([f"libpython{sys.version_info[0]}.{sys.version_info[1]}-dev"], "has what gssapi is compiled with")


def install_packages(packages: list[str], why: str) -> None:
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        raise SetupError(f"{' '.join(packages)} {why}. Run this once, then make again:  sudo {' '.join(command)}")
    say(f"installing with apt-get: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if run_quietly(command, environment) == 0:
        return
    # Package lists are missing (a fresh image) or too old: fetch them, then once more with the reason visible.
    say("updating the package lists first")
    run(["apt-get", "update", "-q"], environment)
    run(["apt-get", "-q", *command[1:]], environment)


def pip(*arguments: str) -> None:
    run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)


def run_quietly(command: list[str], environment: dict[str, str]) -> int:
    return subprocess.run(
        command, check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True
    ).returncode


def shown(command: list[str]) -> str:
    return " ".join(map(str, command))


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
