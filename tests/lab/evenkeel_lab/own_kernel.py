# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our own user-mode kernel: Debian's newest kernel source with everything a load balancer may use."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from evenkeel_lab import store
from evenkeel_lab.base import HERE, LabError, command, contained, tail
from evenkeel_lab.packages import Archive, debian, install_tools
from evenkeel_lab.progress import step

_VERSION = 1
_CONFIGURATION = HERE / "kernel" / "uml.config"

# Most of the source: code that no user-mode kernel is made of. What configures and builds it stays, since that is
# read for every kernel.
_LEFT_OUT = (
    *("Documentation/*.rst", "Documentation/*.yaml", "sound/*.[ch]", "tools/testing"),
    *("arch/[!ux]*.[chS]", "arch/*.dts", "arch/*.dtsi"),
    *("drivers/accel/*.[ch]", "drivers/clk/*.[ch]", "drivers/gpu/*.[ch]", "drivers/iio/*.[ch]"),
    *("drivers/infiniband/*.[ch]", "drivers/media/*.[ch]", "drivers/net/ethernet/*.[ch]"),
    *("drivers/net/wireless/*.[ch]", "drivers/pinctrl/*.[ch]", "drivers/scsi/*.[ch]"),
    *("drivers/staging/*.[ch]", "drivers/usb/*.[ch]"),
)


def provide() -> Path:
    """The directory of our kernel (linux.uml, modules, about.json); built when the configuration has changed."""
    identity = store.key(_VERSION, _CONFIGURATION.read_text())
    return store.provide("kernel", "own", identity, "user-mode kernel of our own (5 to 8 minutes)", _build)


def _build(scratch: Path) -> Path:
    install_tools(build=True)
    with step("    fetching and unpacking the kernel's source"):
        archive = Archive(scratch / "apt", debian("sid"))
        newest = archive.dependencies("linux-source")[0]
        version = archive.version(newest)
        (package,) = archive.download(newest)
        command("dpkg", "-x", package, scratch / "source")
        (tarball,) = (scratch / "source/usr/src").glob("linux-source-*.tar.xz")
        left_out = [f"--exclude={newest}/{pattern}" for pattern in _LEFT_OUT]
        command("tar", "-C", scratch, "--use-compress-program=xz -T0", *left_out, "-xf", tarball)
    tree = scratch / newest
    output = scratch / "output"
    output.mkdir()
    with step("    configuring"):
        _make(scratch, tree, output, "allnoconfig", settings={"KCONFIG_ALLCONFIG": str(_CONFIGURATION)})
        _check_configuration((output / ".config").read_text())
    with step(f"    compiling {version}"):
        _make(scratch, tree, output, f"-j{os.cpu_count()}", "linux", "modules")
    made = scratch / "kernel"
    _make(scratch, tree, output, "modules_install", f"INSTALL_MOD_PATH={scratch / 'installed'}", "INSTALL_MOD_STRIP=1")
    made.mkdir()
    command("strip", "-s", output / "linux", "-o", made / "linux.uml")
    (scratch / "installed/lib/modules").rename(made / "modules")
    if not list((made / "modules").glob("*/modules.dep")):  # make leaves it out in silence where depmod is not found
        raise LabError("the modules of our kernel were installed without modules.dep")
    for link in (made / "modules").glob("*/build"):
        link.unlink()
    (made / "about.json").write_text(json.dumps({"origin": f"own build of {version}", "seccomp": True}))
    return made


def _make(scratch: Path, tree: Path, output: Path, *words: str, settings: dict[str, str] | None = None) -> None:
    log = scratch / "make.log"
    argv = contained("nice", "-n", "19", "make", "-s", "ARCH=um", "-C", tree, f"O={output}", *words)
    with log.open("w") as file:
        environment = {**os.environ, **(settings or {})}
        done = subprocess.run(argv, stdout=file, stderr=subprocess.STDOUT, env=environment, check=False)
    if done.returncode:
        raise LabError(f"make {' '.join(words)} of our kernel failed:\n{tail(log.read_text(), 30)}")


def _check_configuration(text: str) -> None:
    """An option that the source does not know, or that lacks what it depends on, disappears without a word."""
    asked = [line for line in _CONFIGURATION.read_text().splitlines() if line.endswith(("=y", "=m"))]
    got = {line.partition("=")[0] for line in text.splitlines() if line.endswith(("=y", "=m"))}
    lost = [line.partition("=")[0] for line in asked if line.partition("=")[0] not in got]
    if lost:
        raise LabError(f"this kernel's source does not offer {', '.join(lost)}")
