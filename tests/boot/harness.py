# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boot a virtual machine, watch it, and read what its target reports.

    with harness.Machine(initrd, [disk.image(disk.Disk())]) as vm:
        target = vm.report()

Every machine has a time limit: QEMU is killed when it passes, when the block
is left for whatever reason, and when the test process dies.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from image import cache, debian, kernel

LIMIT_SECONDS = 90


class BootError(Exception):
    """The machine did not do what was waited for; the text ends in its last lines."""


class Line(NamedTuple):
    """One line of the console and when it was read, in seconds from the start."""

    time: float
    text: str


class Entry(NamedTuple):
    """A file as the target saw it."""

    mode: int
    uid: int
    gid: int
    data: bytes

    @property
    def permissions(self):
        return self.mode & 0o7777


class Target:
    """What the tiny root's init reported."""

    def __init__(self, raw):
        self.items = {}     # name -> text
        self.files = {}     # path -> Entry
        at = 0
        while not raw.startswith(b"end\n", at):
            end = raw.index(b"\n", at)
            kind, name, *numbers = raw[at:end].decode().split(" ")
            size = int(numbers[-1])
            data = raw[end + 1:end + 1 + size]
            at = end + size + 2
            if kind == "file":
                mode, uid, gid = int(numbers[0], 8), int(numbers[1]), int(numbers[2])
                self.files[name] = Entry(mode, uid, gid, data)
            else:
                self.items[name] = data.decode(errors="replace")

    def _numbered(self, prefix):
        found = (f"{prefix}.{number}" for number in range(len(self.items)))
        return [self.items[name] for name in found if name in self.items]

    @property
    def slot(self):
        """A or B: the file /slot of the root that was booted."""
        return self.files["/slot"].data.decode().strip()

    @property
    def argv(self):
        return self._numbered("argv")

    @property
    def environment(self):
        return dict(word.split("=", 1) for word in self._numbered("env"))

    @property
    def descriptors(self):
        """Number -> where it points, of what init inherited.

        The kernel opens the console in the initramfs, whose files are gone by now.
        """
        text = self.items["descriptors"].replace(" (deleted)", "")
        rows = (line.split(" ", 1) for line in text.splitlines())
        return {int(number): path for number, path in rows}

    @property
    def mounts(self):
        """Mount point -> (source, type, set of options); the topmost one counts."""
        rows = (line.split(" ") for line in self.items["mounts"].splitlines())
        return {row[1]: (row[0], row[2], set(row[3].split(","))) for row in rows}

    @property
    def mount_roots(self):
        """Mount point -> the folder of its file system that is mounted there."""
        rows = (line.split(" ") for line in self.items["mountinfo"].splitlines())
        return {row[4]: row[3] for row in rows}

    def text(self, path):
        return self.files[path].data.decode()

    @property
    def state(self):
        return json.loads(self.text("/run/anteroot/state.json"))

    @property
    def report(self):
        return json.loads(self.text("/run/anteroot/report.json"))

    @property
    def log(self):
        return self.text("/run/anteroot/boot.log")


class Qmp:
    """QEMU's control socket: commands, and the events that came meanwhile."""

    def __init__(self, path, deadline):
        self.events = []
        self._socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self._socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        self._answers = []
        self._arrived = threading.Condition()
        self._closed = False
        threading.Thread(target=self._read, daemon=True).start()
        self.command("qmp_capabilities")

    def _read(self):
        with contextlib.suppress(OSError, ValueError):
            with self._socket.makefile("rb") as stream:
                for line in stream:
                    message = json.loads(line)
                    with self._arrived:
                        if "event" in message:
                            self.events.append(message)
                        elif "QMP" not in message:
                            self._answers.append(message)
                        self._arrived.notify_all()
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()

    def command(self, name, seconds=20, **arguments):
        """Execute one command and return its result."""
        message = {"execute": name}
        if arguments:
            message["arguments"] = {key.replace("_", "-"): value
                                    for key, value in arguments.items()}
        with self._arrived:
            self._answers.clear()
            self._socket.sendall(json.dumps(message).encode() + b"\n")
            if not self._arrived.wait_for(lambda: self._answers or self._closed, seconds):
                raise BootError(f"QMP {name}: no answer")
            if not self._answers:
                raise BootError(f"QMP {name}: QEMU is gone")
            answer = self._answers.pop(0)
        if "error" in answer:
            raise BootError(f"QMP {name}: {answer['error']['desc']}")
        return answer["return"]

    def wait_closed(self, seconds):
        """Every event has been read once QEMU has closed its end."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._closed, seconds)

    def close(self):
        self._socket.close()


def overlay(base, folder, name="overlay"):
    """A throw-away qcow2 over a raw base image that is never written."""
    path = Path(folder) / f"{name}.qcow2"
    cache.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, path])
    return path


def merge(path):
    """Write what an overlay holds into its base; the machine is off."""
    cache.run(["qemu-img", "commit", "-q", path])


def free_port():
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accelerator():
    """Translation, which works and measures alike everywhere, unless told otherwise.

    A /dev/kvm that can be opened may still be a nested one that runs nothing.
    """
    return os.environ.get("ANTEROOT_ACCEL", "tcg")


class Machine:
    """One virtual machine, from start to its end.

    initrd: the initramfs. disks: raw base images (each gets an overlay) or qcow2
    files (used as they are, so that a second machine sees what a first one wrote).
    append: more kernel arguments. network: forward a loopback port to SSH.
    smp: one processor unless systemd has work for two. watch: called with each console
    line. options: more for QEMU. vmlinux: another kernel than the tests' own.
    """

    # no_timer_check: on a busy machine the kernel takes a late tick for a broken timer
    ARGUMENTS = "no_timer_check"

    def __init__(self, initrd, disks=(), append="", machine="q35", memory_mib=256, smp=1,
                 console="ttyS0", network=False, limit=LIMIT_SECONDS, log=None, watch=None,
                 options=(), vmlinux=None):
        self.lines = []
        self._vmlinux = vmlinux
        self._watch = watch
        self.ssh_port = free_port() if network else None
        self._limit = limit
        self._log = Path(log) if log else None
        self._folder = Path(tempfile.mkdtemp(prefix="anteroot-vm-"))
        self._console = threading.Condition()
        self._ended = False
        self._ssh_options = None
        self._disk_count = 0
        self._report_path = self._folder / "report"
        self._report_path.touch()
        arguments = f"console={console} {self.ARGUMENTS} {append}".strip()
        self.command = self._command(initrd, arguments, machine, memory_mib, smp)
        for base in disks:
            self.command += self._drive(base)
        if network:
            self.command += ["-netdev", f"user,id=net0,restrict=on,hostfwd="
                                        f"tcp:127.0.0.1:{self.ssh_port}-:22",
                             "-device", "virtio-net-pci,netdev=net0,romfile="]
        self.command += list(options)

    def _command(self, initrd, arguments, machine, memory_mib, smp):
        # setpriv: QEMU dies with us even when we are killed outright
        return ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults",
                "-no-user-config", "-no-reboot", "-display", "none",
                "-machine", f"{machine},accel={accelerator()}", "-cpu", "max",
                "-m", str(memory_mib), "-smp", str(smp),
                "-kernel", str(self._vmlinux or kernel.kernel().vmlinux), "-initrd", str(initrd),
                "-append", arguments, "-serial", "stdio", "-serial", f"file:{self._report_path}",
                "-qmp", f"unix:{self._folder}/qmp,server=on,wait=off"]

    def _disk_file(self, base):
        if Path(base).suffix == ".qcow2":
            return Path(base)
        self._disk_count += 1
        return overlay(base, self._folder, f"disk{self._disk_count}")

    def _drive(self, base):
        name = f"drive{len([word for word in self.command if word == '-drive'])}"
        return ["-drive", f"file={self._disk_file(base)},if=none,id={name},format=qcow2,"
                          "cache=unsafe,discard=unmap",
                "-device", f"virtio-blk-pci,drive={name},serial={name}"]

    # --- life ---

    def __enter__(self):
        self._started = time.monotonic()
        self._process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._timer = threading.Timer(self._limit, self._process.kill)
        self._timer.daemon = True
        self._timer.start()
        self._reader = threading.Thread(target=self._read_console, daemon=True)
        self._reader.start()
        try:
            self.qmp = Qmp(self._folder / "qmp", self._started + 10)
        except (OSError, BootError) as error:
            self.__exit__(None, None, None)
            raise BootError(f"unable to start QEMU: {error}\n{self.tail()}") from error
        return self

    def __exit__(self, *_):
        self._timer.cancel()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._reader.join(5)
        if hasattr(self, "qmp"):
            self.qmp.close()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read_console(self):
        log = open(self._log, "w", encoding="utf-8") if self._log else contextlib.nullcontext()
        with log as file:
            for raw in self._process.stdout:
                line = Line(self.seconds(), raw.decode(errors="replace").rstrip("\r\n"))
                if self._watch:
                    self._watch(line)
                if file:
                    file.write(f"{line.time:9.3f} {line.text}\n")
                    file.flush()
                with self._console:
                    self.lines.append(line)
                    self._console.notify_all()
        with self._console:
            self._ended = True
            self._console.notify_all()

    # --- watching ---

    def seconds(self):
        """Wall time since QEMU was started."""
        return time.monotonic() - self._started

    def tail(self, count=25):
        """The console's last lines, for messages."""
        return "\n".join(f"{line.time:9.3f} {line.text}" for line in self.lines[-count:])

    @property
    def console(self):
        return "\n".join(line.text for line in self.lines)

    def wait_for(self, pattern, seconds=60):
        """The first console line that matches, and its match: (Line, match)."""
        wanted, seen = re.compile(pattern), 0
        deadline = time.monotonic() + seconds
        with self._console:
            while True:
                for line in self.lines[seen:]:
                    match = wanted.search(line.text)
                    if match:
                        return line, match
                seen = len(self.lines)
                if self._ended or time.monotonic() > deadline:
                    why = "the machine ended" if self._ended else f"nothing in {seconds} s"
                    raise BootError(f"waiting for {pattern!r}: {why}\n{self.tail()}")
                self._console.wait(max(0, deadline - time.monotonic()))

    def wait_exit(self, seconds=60):
        """Wait for QEMU's end; why it ended, in QMP's words (guest-reset, guest-shutdown…)."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise BootError(f"still running after {seconds} s\n{self.tail()}") from None
        self._reader.join(5)
        self.qmp.wait_closed(5)
        if self._process.returncode == -signal.SIGKILL:
            raise BootError(f"stopped at the time limit of {self._limit} s\n{self.tail()}")
        reasons = [event["data"]["reason"] for event in self.qmp.events
                   if event["event"] == "SHUTDOWN"]
        return reasons[-1] if reasons else "gone"

    def report(self, seconds=60):
        """Wait for the tiny root's report, which ends in the machine's end."""
        deadline = time.monotonic() + seconds
        while True:
            ended = self._process.poll() is not None
            raw = self._report_path.read_bytes()
            if raw.endswith(b"\nend\n"):
                return Target(raw)
            if ended or time.monotonic() > deadline:
                why = "the machine ended" if ended else f"none in {seconds} s"
                raise BootError(f"waiting for the target's report: {why}\n{self.tail()}")
            time.sleep(0.02)

    def type(self, text):
        """Write to the console, as a person at the serial line would."""
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    # --- acting ---

    def plug_disk(self, base, name="late", port="hot0"):
        """Hot-plug a disk into a root port made by the option hot_port()."""
        file = self._disk_file(base)
        self.qmp.command("blockdev-add", driver="qcow2", node_name=name,
                         file={"driver": "file", "filename": str(file)})
        self.qmp.command("device_add", driver="virtio-blk-pci", drive=name, id=name, bus=port)

    def cut_power(self):
        """Stop at once, as when the plug is pulled.

        What the guest holds in memory is lost, and so is what it has written to the disk and not
        flushed, as far as it went to clusters that are new in the overlay: QEMU has them in its
        memory. What was flushed is there: cache=unsafe spares the machine under us the wait for
        its own disk, but still hands everything to its kernel, which outlives QEMU.
        """
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    # --- SSH ---

    def ssh(self, key, words, seconds=30):
        """Run a command in the target; the completed process with its text."""
        return subprocess.run(self.ssh_command(key) + [words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=seconds, check=False)

    def ssh_command(self, key):
        """ssh with its options: our host key only, one connection for all commands of a key."""
        if not self._ssh_options:
            known = self._folder / "known_hosts"
            known.write_text(f"[127.0.0.1]:{self.ssh_port} {debian.host_key()}\n",
                             encoding="ascii")
            settings = {
                "BatchMode": "yes", "IdentitiesOnly": "yes", "IdentityAgent": "none",
                "StrictHostKeyChecking": "yes", "UserKnownHostsFile": known,
                "GlobalKnownHostsFile": "/dev/null", "ControlMaster": "auto",
                "ControlPersist": "60",
                # cheap to compute: the target may be translated
                "KexAlgorithms": "curve25519-sha256", "ConnectTimeout": "10",
                "LogLevel": "ERROR",
            }
            self._ssh_options = [word for name, value in settings.items()
                                 for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "/dev/null", "-p", str(self.ssh_port), "-i", str(key),
                "-S", str(self._folder / f"ssh-{Path(key).name}"),
                *self._ssh_options, "root@127.0.0.1"]

    def _greeted(self, patience):
        """Whether the target's SSH server answers within patience seconds."""
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.ssh_port), patience) as link:
                link.settimeout(patience)
                return link.recv(4) == b"SSH-"
        return False

    def wait_ready(self, seconds=90):
        """Wait until the Debian root says that its services are up."""
        deadline = time.monotonic() + seconds
        while b"ready" not in self._report_path.read_bytes():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                why = "the machine ended" if ended else f"not in {seconds} s"
                raise BootError(f"waiting for the target's services: {why}\n{self.tail()}")
            time.sleep(0.02)

    def wait_ssh(self, key, seconds=90):
        """Log in as soon as the target lets us; the time it took."""
        deadline = time.monotonic() + seconds
        self.wait_ready(seconds)
        patience, cause = 0.5, "no answer"
        while self._process.poll() is None and time.monotonic() < deadline:
            # QEMU takes the connection before the target does: ask in short turns
            if self._greeted(patience):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    result = self.ssh(key, "true", 30)
                    if result.returncode == 0:
                        return self.seconds()
                    cause = result.stderr.strip()
            patience = min(patience * 1.5, 4)
            time.sleep(0.1)
        raise BootError(f"unable to log in over SSH: {cause}\n{self.tail()}")


def hot_port(name="hot0"):
    """QEMU options for a free PCIe root port that takes a disk later (q35 only)."""
    return ["-device", f"pcie-root-port,id={name},chassis=1,slot=1"]
