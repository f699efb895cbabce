# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every key of config.json, seen by the real program that reads what it became."""

import base64
import json
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from boot import harness, samples
from image import cache, disk
from image.disk import SEED_CONFIG, Disk

SEED = json.loads(SEED_CONFIG.read_text(encoding="utf-8"))
LINK = "disk/by-anteroot/slot-a"
RULE = f'SUBSYSTEM=="block", KERNEL=="vda2", SYMLINK+="{LINK}"'
SERVER = "server.example"
CONNECTIVITY = {"uri": "http://api.example/connectivity-check", "interval": 300,
                "response": "NetworkManager is online"}
CONNECTIONS = {"office.nmconnection": "office", "of the owner": "owner's"}


READERS = Disk(root_a="debian-readers", root_b="none", boot_files=(
    *((f"system-connections/{file}", samples.connection(number, name))
      for number, (file, name) in enumerate(CONNECTIONS.items())),
    ("splash/balena-logo.png", samples.picture()),
))


class Owner(NamedTuple):
    """Who the configuration is of: its keys and its own certificates."""

    key: Path           # in config.json
    admin: Path         # not in config.json: the test's own way in
    folder: Path        # ca.pem, server.pem and server.key
    config: dict
    kept: Path          # the disk

    def text(self, name):
        return (self.folder / name).read_text(encoding="ascii")


def make_certificates(folder):
    """An authority of our own, and a server's certificate that it signed."""
    authority = samples.make_authority(folder)
    cache.run([*samples.NEW_CERTIFICATE, "-subj", f"/CN={SERVER}",
               "-keyout", folder / "server.key", "-out", folder / "server.csr"])
    (folder / "names").write_text(f"subjectAltName=DNS:{SERVER}\n", encoding="ascii")
    cache.run(["openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem",
               "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "3650",
               "-extfile", folder / "names", "-out", folder / "server.pem"])
    return authority


def full_config(owner_key, authority):
    config = json.loads(json.dumps(SEED))
    config["balenaRootCA"] = authority.value
    config["os"]["network"]["connectivity"] = CONNECTIVITY
    config["os"]["udevRules"]["70-anteroot-test"] = RULE
    config["os"]["sshKeys"].append(owner_key)
    return config


@pytest.fixture
def owner(tmp_path):
    """A disk with every key of config.json and every file of the boot partition."""
    for name in ("key", "admin"):
        cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
                   "-f", tmp_path / name])
    public = (tmp_path / "key.pub").read_text(encoding="ascii").strip()
    config = full_config(public, make_certificates(tmp_path))
    raw = tmp_path / "disk.raw"
    disk.export(READERS, raw)
    disk.put_boot_file(READERS, raw, "config.json", json.dumps(config).encode())
    return Owner(tmp_path / "key", tmp_path / "admin", tmp_path, config,
                 harness.overlay(raw, tmp_path))


class Session:
    """A running target, asked over SSH."""

    def __init__(self, vm, key):
        self._vm, self._key = vm, key
        vm.wait_ssh(key)
        self.ask("systemctl is-system-running --wait")

    def ask(self, words, status=0):
        """What a command writes; it must end with the status."""
        result = self._vm.ssh(self._key, words, 60)
        assert result.returncode == status, f"{words}: {result.stdout}{result.stderr}"
        return result.stdout

    def put(self, path, text):
        self.ask(f"printf %s {shlex.quote(text)} > {shlex.quote(path)}")


def start(machine, owner, append):
    return machine([owner.kept], f"quiet {append}", memory_mib=512, smp=2, network=True, limit=240)


# --- one function a reader: what it says, in a form that can be compared ---

def regulatory_domain(target):
    """The kernel's, after kmod has read its configuration."""
    target.ask("modprobe cfg80211")
    return target.ask("cat /sys/module/cfg80211/parameters/ieee80211_regdom").strip()


def timesyncd_servers(target):
    said = target.ask("timedatectl show-timesync --property=SystemNTPServers")
    return said.strip().partition("=")[2].split()


def chrony_pools(target):
    """Name -> seconds between two questions, as a power of two, of what is not the image's."""
    target.ask("systemctl stop systemd-timesyncd; systemctl start chrony")
    rows = [line.split(",") for line in target.ask("chronyc -c -N sources -a").splitlines()]
    # an orderly stop waits for the name servers, which are not there
    target.ask("systemctl kill -s KILL chrony; systemctl reset-failed chrony")
    return {row[2]: int(row[4]) for row in rows if not row[2].endswith("debian.pool.ntp.org")}


def resolved_servers(target):
    return target.ask("resolvectl dns | sed -n 's/^Global://p'").split()


def dnsmasq_servers(target):
    """What it reads itself, and what it complains of: nothing."""
    log = target.ask("timeout 2 dnsmasq -k --port=5300 --log-facility=- 2>&1", 124)
    assert "servers" not in log.replace("no upstream servers configured", "")
    used = [line.split()[-1] for line in log.splitlines() if "using nameserver" in line]
    return list(dict.fromkeys(used))    # all are said again when the network changes


def network_manager_setting(target, group, name):
    """A value as NetworkManager prints it, None when it has none."""
    inside = False
    for line in target.ask("NetworkManager --print-config").splitlines():
        inside = line == f"[{group}]" if line.startswith("[") else inside
        if inside and line.startswith(f"{name}="):
            return line.partition("=")[2]
    return None


def network_manager_connections(target):
    return sorted(target.ask("nmcli -t -f NAME connection show").splitlines())


def trusted(target, owner):
    """Who takes the server's certificate: openssl, curl and GnuTLS without any option."""
    for name in ("server.pem", "server.key"):
        target.put(f"/tmp/{name}", owner.text(name))
    there = f"--connect-to {SERVER}:443:127.0.0.1:4433 https://{SERVER}/"
    said = target.ask(
        "openssl verify /tmp/server.pem >/dev/null 2>&1 && echo openssl\n"
        "openssl s_server -accept 4433 -cert /tmp/server.pem -key /tmp/server.key -www -quiet"
        " >/dev/null 2>&1 & sleep 1\n"
        f"curl -sSo /dev/null --retry 5 --retry-connrefused {there} 2>/dev/null && echo curl\n"
        f"gnutls-cli --verify-hostname={SERVER} -p 4433 127.0.0.1 </dev/null >/dev/null 2>&1"
        " && echo gnutls\nkill $!")
    return set(said.split())


def udev_links(target):
    """The links that udev makes for the root's partition by the rules it has read now."""
    shown = target.ask("udevadm test /sys/class/block/vda2 2>/dev/null")
    (links,) = [line.partition("=")[2] for line in shown.splitlines()
                if line.startswith("DEVLINKS=")]
    return links.split()


def journal_is_persistent(target):
    own = target.ask("cat /etc/machine-id").strip()
    return f"/var/log/journal/{own}/" in target.ask("journalctl --header")


def dropbear(target, owner):
    """What it says when the owner logs in, and when others could have written to his keys.

    It reads authorized_keys: where it is the server, that is a link to the delivered file.
    """
    target.put("/tmp/key", owner.text("key"))
    return target.ask(
        "chmod 600 /tmp/key && dropbearkey -t ed25519 -f /tmp/host >/dev/null 2>&1\n"
        "ln -s authorized_keys_local /root/.ssh/authorized_keys\n"
        "dropbear -F -E -r /tmp/host -p 127.0.0.1:2222 -P /tmp/pid 2>&1 &\n"
        "for mode in 700 777; do chmod $mode /root/.ssh\n"
        "ssh -F /dev/null -i /tmp/key -p 2222 -o ConnectionAttempts=20 -o BatchMode=yes"
        " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        " -o KexAlgorithms=curve25519-sha256 root@127.0.0.1 echo mode $mode: in 2>&1; done\n"
        "kill $!; chmod 700 /root/.ssh; rm /root/.ssh/authorized_keys")


def owner_of(target, path):
    return target.ask(f"stat -c '%a %u %g' {shlex.quote(path)}").strip()


# --- what they must say ---

def check_everything(target, owner):
    assert target.ask("hostname; hostnamectl hostname").split() == [SEED["hostname"]] * 2
    assert regulatory_domain(target) == SEED["country"]
    assert f"country {SEED['country']}:" in target.ask("iw reg get")
    servers = SEED["ntpServers"].split()
    assert timesyncd_servers(target) == servers
    assert chrony_pools(target) == {name: 14 for name in servers}
    assert resolved_servers(target) == SEED["dnsServers"].split()
    assert dnsmasq_servers(target) == [f"{name}#53" for name in SEED["dnsServers"].split()]
    check_network_manager(target)
    assert trusted(target, owner) == {"openssl", "curl", "gnutls"}
    assert owner_of(target, "/root/.ssh/authorized_keys_local") == "600 0 0"
    assert f"/dev/{LINK}" in udev_links(target)
    assert target.ask(f"readlink -f /dev/{LINK}").strip() == "/dev/vda2"
    assert journal_is_persistent(target)
    for name in ("balena", "resin"):
        shown = target.ask(f"base64 -w 0 /usr/share/plymouth/themes/{name}/{name}-logo.png")
        assert base64.b64decode(shown) == samples.picture()
    assert target.ask("systemctl list-units --failed --plain --no-legend").strip() == ""


def check_network_manager(target):
    assert network_manager_setting(target, "device", "wifi.scan-rand-mac-address") == "no"
    for name, value in CONNECTIVITY.items():
        assert network_manager_setting(target, "connectivity", name) == str(value)
    in_use = target.ask("busctl get-property org.freedesktop.NetworkManager "
                        "/org/freedesktop/NetworkManager org.freedesktop.NetworkManager "
                        "ConnectivityCheckUri")
    assert in_use.strip() == f's "{CONNECTIVITY["uri"]}"'
    assert owner_of(target, "/etc/NetworkManager/conf.d/os-networkmanager.conf") == "600 0 0"
    assert network_manager_connections(target) == sorted(CONNECTIONS.values())
    for file in CONNECTIONS:
        path = f"/etc/NetworkManager/system-connections/{file}"
        assert owner_of(target, path) == "600 0 0"


def check_dropbear(target, owner):
    said = dropbear(target, owner)
    assert "Pubkey auth succeeded for 'root'" in said, said
    assert "/root/.ssh must be owned by user or root, and not writable" in said, said
    assert ("mode 700: in" in said, "mode 777: in" in said) == (True, False), said


def check_refused(vm, key):
    refused = vm.ssh(key, "true")
    assert (refused.returncode, "Permission denied" in refused.stderr) == (255, True)


def check_nothing_left(target, owner):
    """After the keys and the connections were removed: as if they had never been there."""
    assert regulatory_domain(target) == "00"
    assert timesyncd_servers(target) == []
    assert chrony_pools(target) == {}
    assert resolved_servers(target) == []
    assert dnsmasq_servers(target) == ["8.8.8.8#53"]
    assert network_manager_setting(target, "connectivity", "uri") is None
    assert network_manager_setting(target, "device", "wifi.scan-rand-mac-address") is None
    assert network_manager_connections(target) == []
    assert trusted(target, owner) == set()
    target.ask("cmp /etc/ssl/certs/ca-certificates.crt /root/bundle-of-the-image")
    assert f"/dev/{LINK}" not in udev_links(target)
    target.ask("test ! -e /root/.ssh/authorized_keys_local")
    assert not journal_is_persistent(target)
    assert "left-by-the-boot-before" not in target.ask("journalctl -o cat")
    assert target.ask("find / -xdev -name '.*.anteroot'").strip() == ""


def remove_keys(target, owner):
    """As the owner does it, with an editor on the running device."""
    little = {"uuid": SEED["uuid"], "hostname": SEED["hostname"], "persistentLogging": False}
    target.ask("mount -o remount,rw /mnt/boot")
    target.put("/mnt/boot/config.json", json.dumps(little))
    target.ask("rm -r /mnt/boot/system-connections && mount -o remount,ro /mnt/boot && sync")
    # the test's own way in, which is the image's matter
    target.put("/root/.ssh/authorized_keys", owner.text("admin.pub"))


def reboot(target, vm):
    target.ask("echo left-by-the-boot-before | systemd-cat; systemctl --no-block reboot")
    assert vm.wait_exit(60) == "guest-reset"


def test_every_reader(machine, owner):
    """On a read-only root; then on a writable one; then on that one with the keys removed, which
    a read-only mount must not bring back, and a writable one cleans up."""
    with start(machine, owner, "ro") as vm:
        target = Session(vm, owner.key)
        check_everything(target, owner)
        check_dropbear(target, owner)
        reboot(target, vm)
    with start(machine, owner, "rw") as vm:
        target = Session(vm, owner.key)
        check_everything(target, owner)
        assert "left-by-the-boot-before" in target.ask("journalctl -b -1 -o cat")
        target.ask("sed '/^# anteroot: balenaRootCA begins/,/^# anteroot: balenaRootCA ends/d' "
                   "/etc/ssl/certs/ca-certificates.crt > /root/bundle-of-the-image")
        remove_keys(target, owner)
        reboot(target, vm)
    for mode in ("ro", "rw"):
        with start(machine, owner, mode) as vm:
            target = Session(vm, owner.admin)
            check_refused(vm, owner.key)
            check_nothing_left(target, owner)
            reboot(target, vm)
