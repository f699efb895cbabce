#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make demo: boot a real Debian root from an A/B disk, and show what happened."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(PROJECT / "tests"))

# pylint: disable=wrong-import-position
from boot import harness                                        # noqa: E402
from timeline import Paper, draw, milliseconds                  # noqa: E402
from image import cache, disk, kernel                   # noqa: E402

WORK = PROJECT / "build/demo"
BINARY = PROJECT / "build/anteroot"
DISK = disk.Disk(root_a="debian-readers", root_b="debian-readers")

# One round trip for all that is read from the target, each part under its own line.
QUESTIONS = {
    "state": "cat /run/anteroot/state.json",
    "report": "cat /run/anteroot/report.json",
    "run": "cd /run/anteroot && ls",
    "hostname": "uname -n; cat /etc/hostname",
    "mounts": "cat /proc/self/mountinfo",
    "delivered": "stat -c '%a %U:%G %n' /etc/hostname /etc/udev/rules.d/*.rules "
                 "/root/.ssh/authorized_keys_local /var/log/journal /run/modprobe.d/*.conf "
                 "/run/systemd/*.conf.d/anteroot.conf /run/dnsmasq.servers "
                 "/etc/NetworkManager/conf.d/os-networkmanager.conf",
    "udev": "udevadm test /sys/class/block/vda2 2>&1 | grep rules.d/[0-9]*.rules",
    "udevd": "journalctl -b -o cat -u systemd-udevd.service --no-pager | grep /etc/udev/rules.d/",
    "machine-id": "cat /etc/machine-id",
    "journal": "journalctl --header | grep -m1 '^File path'",
    "first": "journalctl -b -n all -o json --output-fields=_HOSTNAME,MESSAGE | head -1",
    "analyze": "systemd-analyze",
    "resolved": "resolvectl dns | sed -n 's/^Global: //p'",
    "timesyncd": "timedatectl show-timesync --property=SystemNTPServers --value",
    "network": "NetworkManager --print-config | grep wifi.scan-rand-mac-address",
    "country": "modprobe cfg80211; cat /sys/module/cfg80211/parameters/ieee80211_regdom",
}


class Demo:
    """The run of a demo: its clock, its paper, and the proofs that failed."""

    def __init__(self):
        self.started = time.monotonic()
        self.paper = Paper()
        self.failed = []

    def progress(self, text):
        seconds = time.monotonic() - self.started
        self.paper.line(f"  {self.paper.paint('dim', f'{seconds:6.1f} s')}  {text}")

    def watch(self, line):
        """Show what the program says on the console."""
        _, found, text = line.text.partition("] anteroot: ")
        if found:
            self.progress(self.paper.paint("dim", f"  console: {text[:100]}"))

    def title(self, text):
        self.paper.line()
        self.paper.line("  " + self.paper.paint("bold", text))

    def prove(self, what, holds, evidence):
        """One line of proof; evidence is what the target said."""
        mark = self.paper.paint("green", "ok  ") if holds else self.paper.paint("red", "FAIL")
        self.paper.line(f"    {mark} {what}")
        for line in str(evidence).strip().splitlines()[:4]:
            self.paper.line("           " + self.paper.paint("dim", line[:110]))
        if not holds:
            self.failed.append(what)


def prepare(demo):
    """Build everything; returns the initramfs, the disk and the key to log in with."""
    demo.progress("build the program")
    subprocess.run(["make", "-s", "-C", str(PROJECT), str(BINARY.relative_to(PROJECT))], check=True)
    demo.progress(f"{BINARY.relative_to(PROJECT)}: {BINARY.stat().st_size:,} bytes, static")
    cache.announce = demo.progress
    machine = kernel.kernel()
    initrd = kernel.initramfs(BINARY)
    packed = kernel.initramfs(BINARY, compress="xz").stat().st_size
    demo.progress(f"initramfs for kernel {machine.version}: {packed:,} bytes (xz), "
                  f"{initrd.stat().st_size:,} unpacked")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    key = WORK / "key"
    cache.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "demo@anteroot", "-f", key])
    path = WORK / "disk.raw"
    disk.image(DISK, "disk: GPT with resin-boot, resin-rootA, resin-rootB, resin-state, resin-data")
    disk.export(DISK, path)
    disk.put_boot_file(DISK, path, "config.json", configuration(key))
    demo.progress("config.json: tests/samples/seed-config.json, and a fresh SSH key")
    return initrd, path, key


def configuration(key):
    """The sample with one more key, whose other half we hold."""
    config = json.loads(disk.SEED_CONFIG.read_text(encoding="utf-8"))
    config["os"]["sshKeys"].append(Path(f"{key}.pub").read_text(encoding="ascii").strip())
    return json.dumps(config, indent=2).encode()


def boot(demo, initrd, path, key):
    """Boot, log in, ask; returns the answers and how long the log-in took."""
    demo.progress("boot under QEMU (no KVM needed)")
    with harness.Machine(initrd, [path], "rw systemd.show_status=0", memory_mib=512, smp=2,
                         network=True, log=WORK / "console.log", watch=demo.watch) as vm:
        vm.wait_ready()
        demo.progress("the target's services are up")
        vm.wait_ssh(key)
        demo.progress("logged in over SSH with the delivered key")
        script = "".join(f"echo '=== {name}'; {command}\n" for name, command in QUESTIONS.items())
        result = vm.ssh(key, script, 60)
        demo.progress("asked the target what it found")
    answers = {}
    for part in ("\n" + result.stdout).split("\n=== ")[1:]:
        name, _, text = part.partition("\n")
        answers[name] = text
    return answers


def show_decision(demo, state):
    demo.title("Which root, and why")
    root = state["root"]
    demo.paper.line(f"    slot {state['slot']}: {state['reason']}")
    demo.paper.line(f"    {root['device']} on boot disk {state['boot_disk']}, {root['type']}, "
                    f"label {root['label']}, {'read-only' if root['read_only'] else 'writable'}")
    for failed in state["failed"]:
        demo.paper.line(f"    not slot {failed['slot']}: {failed['reason']}")


def show_timeline(demo, report, answers):
    demo.title("The stages, from the kernel's start of /init")
    rows = [(stage["name"], stage["start_usec"], stage["duration_usec"],
             f"{stage['rounds']} rounds" if stage["rounds"] > 1 else "")
            for stage in report["stages"]]
    draw(demo.paper, rows)
    modules = sorted(report["modules"], key=lambda module: -module["usec"])
    total = sum(module["usec"] for module in modules)
    slowest = ", ".join(f"{module['name']} {milliseconds(module['usec'])}"
                        for module in modules[:3])
    demo.paper.line(f"    of it {milliseconds(total)} to load {len(modules)} modules: {slowest}")
    picture = WORK / "timeline.svg"
    (WORK / "report.json").write_text(json.dumps(report), encoding="utf-8")
    with picture.open("wb") as file:
        subprocess.run([BINARY, "timeline", "--svg", WORK / "report.json"], check=True, stdout=file)
    demo.paper.line(f"    as a picture: {picture.relative_to(PROJECT)}")
    if answers.get("analyze"):
        demo.paper.line(f"    {answers['analyze'].splitlines()[0]}")


def show_deliveries(demo, report, answers):
    demo.title("What was delivered where")
    modes = {words[2]: words[:2] for words in map(str.split, answers["delivered"].splitlines())}
    for item in report["delivered"]:
        mode, owner = modes.get(item["path"], ("", ""))
        where = item["path"] or f"{item['key']}: {item['error']}"
        demo.paper.line(f"    {item['hook']:<12} {item['action']:<10} {where:<50} "
                        f"{mode:<5} {owner}".rstrip())
    for warning in report["warnings"]:
        demo.paper.line(f"    warning: {warning['text']}")


def journal_device(mountinfo):
    """The device that is mounted on /var/log/journal."""
    for line in mountinfo.splitlines():
        words = line.split()
        if words[4] == "/var/log/journal":
            return words[words.index("-") + 2]
    return "not a mount"


def root_device(mountinfo):
    return next(words[words.index("-") + 2]
                for words in map(str.split, mountinfo.splitlines()) if words[4] == "/")


def show_proofs(demo, state, answers):
    demo.title("Proof, from the running target over SSH")
    config = json.loads(disk.SEED_CONFIG.read_text(encoding="utf-8"))
    device = f"/dev/vda{DISK.number('data')}"
    demo.prove("SSH log-in with the key from config.json", True,
               "".join(line for line in answers["delivered"].splitlines(True) if ".ssh" in line))
    demo.prove("the root that was decided on is the root that runs",
               root_device(answers["mounts"]) == state["root"]["device"],
               f"{root_device(answers['mounts'])} on /")
    names = answers["hostname"].split()
    demo.prove("host name, in the kernel and in /etc/hostname",
               names == [config["hostname"]] * 2, " ".join(names))
    rules = [f"/etc/udev/rules.d/{name}.rules" for name in config["os"]["udevRules"]]
    demo.prove("udevadm reads the delivered rules",
               all(rule in answers["udev"] for rule in rules), answers["udev"])
    demo.prove("udevd read them when it started (it complains of the sample's LBEL)",
               rules[1] in answers["udevd"], answers["udevd"])
    demo.prove("the journal is persistent, on the data partition",
               f"/var/log/journal/{answers['machine-id'].strip()}/" in answers["journal"]
               and journal_device(answers["mounts"]) == device,
               f"{answers['journal'].strip()} on {journal_device(answers['mounts'])}")
    first = json.loads(answers["first"] or "{}")
    demo.prove("its first line already has the host name",
               first.get("_HOSTNAME") == config["hostname"],
               f"{first.get('_HOSTNAME')}: {first.get('MESSAGE')}")
    demo.prove("resolved has the name servers", answers["resolved"].split() == config["dnsServers"].split(),
               answers["resolved"])
    demo.prove("timesyncd has the time servers", answers["timesyncd"].split() == config["ntpServers"].split(),
               answers["timesyncd"])
    demo.prove("NetworkManager scans with its own hardware address",
               answers["network"].strip().endswith("=no"), answers["network"])
    demo.prove("the Wi-Fi driver has the country", answers["country"].strip() == config["country"],
               answers["country"])
    demo.prove("/run/anteroot came along", {"state.json", "report.json", "boot.log"} <= set(answers["run"].split()),
               " ".join(answers["run"].split()))


def main():
    demo = Demo()
    demo.paper.line("anteroot: a Debian root from an A/B disk")
    demo.paper.line()
    try:
        answers = boot(demo, *prepare(demo))
        state, report = json.loads(answers["state"]), json.loads(answers["report"])
        show_decision(demo, state)
        show_timeline(demo, report, answers)
        show_deliveries(demo, report, answers)
        show_proofs(demo, state, answers)
    except (cache.ToolError, harness.BootError, subprocess.SubprocessError, OSError) as error:
        demo.paper.line(f"demo: {error}")
        return 3
    except (KeyError, ValueError) as error:
        demo.paper.line(f"demo: unable to read the target's answer: {error!r}")
        return 3
    demo.paper.line()
    if demo.failed:
        demo.paper.line(demo.paper.paint("red", f"  {len(demo.failed)} proofs failed"))
        return 1
    demo.progress(demo.paper.paint("green", "everything proved") +
                  f"; the console is in {(WORK / 'console.log').relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
