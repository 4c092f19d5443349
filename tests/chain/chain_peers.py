"""The programs and libraries of peers/ and where they are. The native ones are started directly: the wrappers that npm
puts before them ask for a newer Node than Debian has."""

import pathlib
import platform
import shutil
import sys

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
SKIPPED = 77  # what ctest reads as "skipped"


def native(name):
    """The path of a native program of Foundry."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return str(PEERS / "node_modules" / "@foundry-rs" / f"{name}-linux-{machine}" / "bin" / name)


def require_peers():
    """Ends the test, as skipped and loudly, where the peers are not installed."""
    missing = [name for name in ("anvil", "cast") if not pathlib.Path(native(name)).exists()]
    missing += [name for name in ("ethers", "solc") if not (PEERS / "node_modules" / name).exists()]
    missing += [] if shutil.which("node") else ["node"]
    if missing:
        print(f"SKIPPED: not installed: {', '.join(missing)}; run 'tools/setup test'", file=sys.stderr)
        sys.exit(SKIPPED)
