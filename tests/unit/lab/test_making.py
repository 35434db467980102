# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hosts are reached and started: texts and programs the lab writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from evenkeel_lab import cgroups, kernels, lifecycle, packages, ssh, vm
from evenkeel_lab.base import LabError
from evenkeel_lab.plan import make
from evenkeel_lab.spec import parse
from evenkeel_lab.state import Parts

MOUNTS = """\
24 1 0:21 / /proc rw,relatime - proc proc rw
30 1 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
32 30 0:28 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,name=systemd
33 30 0:29 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup2 rw
"""


@pytest.fixture
def plan(document, tmp_path, monkeypatch):
    monkeypatch.setenv("EVENKEEL_CACHE", str(tmp_path))
    monkeypatch.delenv("LAB_RUN", raising=False)
    key = tmp_path / "lab" / "ssh" / "id_ed25519"
    key.parent.mkdir(parents=True)
    key.touch()
    return make(parse(document))


def test_ssh_reaches_hosts_from_inside_the_labs_network(plan):
    text = ssh.configuration(plan, Path("/run/lab/small"))
    assert "Host lb1\n  HostName 172.31.0.11\n" in text
    assert "Host client" not in text
    assert "ProxyCommand nsenter --net=/run/netns/evk-small " in text
    assert "ControlPath /run/lab/small/cm-%h" in text


@pytest.mark.parametrize(
    ("directory", "said"), [("/" + "d" * 76, "3 characters too long"), ("/run/a b", "blanks"), ("/run/a,b", "commas")]
)
def test_a_place_that_kernels_cannot_be_told_is_refused(document, monkeypatch, directory, said):
    monkeypatch.setenv("LAB_RUN", directory)
    with pytest.raises(LabError, match=said):
        lifecycle.check_places(parse(document))


def test_systemd_keeps_track_of_services_in_two_hierarchies():
    assert cgroups.hierarchies(MOUNTS) == [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified")]
    assert cgroups.hierarchies(MOUNTS.splitlines()[0] + "\n") == []


def test_a_vm_boots_with_the_names_and_addresses_of_its_plan(plan):
    parts = Parts({"trixie": "/roots"}, {"trixie": "/a repository"}, kernels.Kernel("/kernel", "sid", True))
    lines = vm.boot_script(plan.host("lb1"), parts).splitlines()
    assert "mount -t hostfs -o /kernel/modules none /lib/modules" in lines
    assert "mount -t hostfs -o ro,'/a repository' none /mnt/root/share/repo/trixie" in lines
    renamed = lines.index("ip link set vec1 name eth1")
    assert lines[renamed + 1 : renamed + 4] == [
        "ip addr add 10.10.0.11/24 dev eth1",
        "ip addr add fd10::11/64 dev eth1 nodad",
        "ip link set eth1 up",
    ]
    assert lines[-1].endswith("exec switch_root /mnt/root /sbin/init")


def test_a_newer_releases_kernel_is_told_to_use_its_own_library(tmp_path):
    program = b"\x7fELF..\0/lib64/ld-linux-x86-64.so.2\0rest"
    loader = b"\x7fELF\0/etc/ld.so.cache\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0"
    (tmp_path / "linux.uml").write_bytes(program)
    (tmp_path / "libc.so.6").write_bytes(b"libc")
    (tmp_path / "ld-linux-x86-64.so.2").write_bytes(loader)
    made = tmp_path / "made"
    made.mkdir()
    kernels.adopt(tmp_path / "linux.uml", tmp_path, made, Path("/run/evk-abcdef"))
    changed = (made / "linux.uml").read_bytes()
    assert b"\0/run/evk-abcdef/ld.so\0" in changed
    assert len(changed) == len(program)
    changed = (made / "ld.so").read_bytes()
    assert b"\0/run/evk-abcdef///////\0/usr/lib" in changed
    assert b"ld.so.cache" not in changed
    assert len(changed) == len(loader)
    assert (made / "libc.so.6").read_bytes() == b"libc"


def test_a_name_that_does_not_fit_into_a_program_is_refused(tmp_path):
    with pytest.raises(LabError, match="too long"):
        kernels.adopt(tmp_path / "linux.uml", tmp_path, tmp_path, Path("/run/a-name-that-is-too-long"))


def test_a_release_nobody_serves_is_told_with_where_it_was_looked_for(tmp_path, monkeypatch):
    asked = []

    def refuse(*words, check):
        asked.append(words[2])
        return type("Done", (), {"returncode": 100})

    monkeypatch.setattr(packages, "command", refuse)
    with pytest.raises(LabError, match=r"has noble; looked at a/ubuntu, b/ubuntu\. Set EVENKEEL_UBUNTU_MIRROR"):
        packages.first_that_serves("noble", ["a/ubuntu", "b/ubuntu"], tmp_path)
    assert asked == ["a/ubuntu/dists/noble/Release", "b/ubuntu/dists/noble/Release"]
