#!/usr/bin/env python3
"""The shared memory for programs in Python: the interface of the former hub, over memory_sync.

Standard library only, Python 3.9 or later. Every write is one of memory_sync: acknowledged, merged with what others write, and
an error where it was not taken. Run as a program, this is the hub.
"""
import atexit
import json
import os
import pwd
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Dict, Generator, Iterator, List, Optional, Tuple

__all__ = ["MemorySyncError", "UnifiedMemoryHub", "get_ledger_path", "load_memory", "save_memory"]

# Linux takes 128 KiB in one argument; beyond this, stdin is used.
_MAX_ARGUMENT_BYTES = 96 * 1024
# memory_sync ends by itself long before, whatever hangs.
_PATIENCE_S = 120.0

_LEGAL_NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_RESERVED_NAMES = {".", "..", "__proto__", "constructor", "prototype", "current_work", "token_usage"}


# Filled in by the installer where the root is not the usual one.
memory_sync_root = ''


class MemorySyncError(RuntimeError):
    """What memory_sync answered in place of a result. `code` and `details` tell the case, as with `memory_sync --json`."""

    def __init__(self, message: str, code: str = "failed", details: Optional[Dict[str, Any]] = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = details or {}


def _home() -> Path:
    # As the programs have it: an empty HOME is none, though Path.home() takes it for the root of the file system.
    try:
        return Path(os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir or "/")
    except KeyError:
        return Path("/")


def _root() -> Path:
    named = os.environ.get("MEMORY_SYNC_ROOT") or os.environ.get("LUKA_SOT")
    if named or memory_sync_root:
        return Path(named or memory_sync_root)
    usual = _home() / "02luka"
    tree = _tree()
    # A tree elsewhere, whose programs name no root, means itself.
    if tree is not None and not (usual / "shared_memory").is_dir() and (tree / "shared_memory").is_dir():
        return tree
    return usual


def _tree() -> Optional[Path]:
    """The tree into which this file was installed, as agents/memory_hub/memory_hub.py."""
    here = Path(__file__).absolute()
    return here.parents[2] if here.parts[-3:-1] == ("agents", "memory_hub") else None


def _program(root: Path) -> List[str]:
    """The words that begin a call of memory_sync. Raises MemorySyncError where there is none."""
    here = Path(__file__).resolve().parent
    trees = [tree for tree in (_tree(), root) if tree is not None]
    scripts = [here / "memory_sync.sh", *(tree / "tools" / "memory_sync.sh" for tree in trees)]
    on_path = shutil.which("memory_sync")
    scripts += [Path(on_path)] if on_path else []
    scripts.append(_home() / ".local" / "bin" / "memory_sync")
    for script in scripts:
        if os.access(script, os.X_OK) and script.is_file():
            return [str(script)]
    node = shutil.which("node", path=os.environ.get("PATH", "") + ":/opt/homebrew/bin:/usr/local/bin:/usr/bin")
    named = os.environ.get("XDG_DATA_HOME", "")
    data = Path(named) if os.path.isabs(named) else _home() / ".local" / "share"
    for run in (here.parent / "bin" / "run.js", data / "memory_sync" / "current" / "bin" / "run.js"):
        if node and run.is_file():
            return [node, str(run)]
    raise MemorySyncError("memory_sync is not installed: there is no tools/memory_sync.sh, and none on the PATH", "failed")


def _environment(root: Path) -> Dict[str, str]:
    return {**os.environ, "MEMORY_SYNC_ROOT": str(root)}


def _call(root: Path, args: List[str], text: Optional[str] = None) -> Any:
    """The JSON that a command prints. Raises MemorySyncError for what it refuses or cannot do."""
    command = [*_program(root), args[0], "--json", *args[1:]]
    try:
        ran = subprocess.run(
            command,
            env=_environment(root),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=_PATIENCE_S,
            check=False,
            **({"stdin": subprocess.DEVNULL} if text is None else {"input": text.encode("utf-8")}),  # type: ignore
        )
    except ValueError as error:
        raise _no_argument(args[0], error) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MemorySyncError(f"memory_sync {args[0]} did not answer: {error}") from error
    reply = _parsed(ran.stdout)
    if ran.returncode == 0 and reply is not None:
        return reply
    raise _error_of(reply, args[0], ran)


def _lines_of(*pipes: IO[bytes]) -> Iterator[Tuple[IO[bytes], bytes]]:
    """The lines of unbuffered pipes as they come, each with its pipe, until all have ended. Of both at once, as a pipe that nobody
    reads would stop the program behind it; and without a thread, as one that reads would not let Python end."""
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ, b"")
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, 65536)
                *lines, rest = (key.data + chunk).split(b"\n")
                if chunk:
                    selector.modify(key.fileobj, key.events, rest)
                else:
                    selector.unregister(key.fileobj)
                    lines = [rest] if rest else []
                for line in lines:
                    yield key.fileobj, line + b"\n"  # type: ignore


def _no_argument(verb: str, error: ValueError) -> MemorySyncError:
    return MemorySyncError(f"memory_sync {verb} cannot be given this: a name must not have NUL or half a character in it ({error})", "usage")


def _parsed(stdout: bytes) -> Any:
    try:
        return json.loads(stdout)
    except ValueError:
        return None


def _error_of(reply: Any, verb: str, ran: "subprocess.CompletedProcess[bytes]") -> MemorySyncError:
    error = reply.get("error") if isinstance(reply, dict) else None
    if isinstance(error, dict):
        way_out = "".join(f"; {line}" for line in error.get("suggestions") or [])
        return MemorySyncError(f"{error.get('message')}{way_out}", str(error.get("code")), error.get("details"))
    said = ran.stderr.decode("utf-8", "replace").strip()
    return MemorySyncError(f"memory_sync {verb} ended with {ran.returncode}: {said}")


def _json_text(value: Any, indent: Optional[int] = None) -> str:
    """As it will stand in the context. Raises TypeError or ValueError for what is no JSON."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a pair of surrogates
        text = json.dumps(value, allow_nan=False, indent=indent)
    return text


# --- what agents learned -------------------------------------------------------------------------


def get_ledger_path(agent_name: str) -> Path:
    """Where the learnings of an agent are, a line of JSON each. Raises ValueError for a name that no agent may have."""
    if not _LEGAL_NAME.fullmatch(agent_name) or agent_name in _RESERVED_NAMES:
        raise ValueError(f"{agent_name!r} is no name for an agent")
    return _root() / "g" / "memory" / "ledger" / f"{agent_name}_memory.jsonl"


def load_memory(agent_name: str, limit: int = 5) -> List[str]:
    """The last learnings of an agent, the oldest of them first. Lines that cannot be read are passed by."""
    if limit <= 0:
        return []
    try:
        lines = get_ledger_path(agent_name).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        print(f"Error loading memory for {agent_name}: {error}", file=sys.stderr)
        return []
    entries = [_parsed(line) for line in lines]
    learnings = [entry["learning"] for entry in entries if isinstance(entry, dict) and "learning" in entry]
    return learnings[-limit:]


def save_memory(agent_name: str, outcome: str, learning: str) -> bool:
    """Adds a learning. False: it is blank, or could not be written (stderr says why)."""
    if not learning or not learning.strip():
        return False
    entry = {"timestamp": _now(), "outcome": outcome, "learning": learning.strip()}
    try:
        _append_line(get_ledger_path(agent_name), _json_text(entry))
    except (OSError, TypeError, ValueError) as error:
        print(f"Error saving memory for {agent_name}: {error}", file=sys.stderr)
        return False
    return True


def _append_line(path: Path, line: str) -> None:
    """In one write, so that lines of several processes do not mix; what others did not finish stays a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        is_cut_off = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        data = (("\n" if is_cut_off else "") + line + "\n").encode("utf-8")
        if os.write(descriptor, data) != len(data):
            raise OSError("the line was written in part only")
    finally:
        os.close(descriptor)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


# --- the shared context --------------------------------------------------------------------------


def _empty_context() -> Dict[str, Any]:
    return {"agents": {}, "current_work": {}}


class UnifiedMemoryHub:
    """The shared context. Needs no running hub, no Redis and no package; uses what is there."""

    def __init__(self) -> None:
        self.sot_path: Path = _root()
        self.memory_file: Path = self.sot_path / "shared_memory" / "context.json"
        self.bridge_dir: Path = self.sot_path / "bridge" / "memory"
        # memory_sync speaks to Redis. Callers of old look whether these are None before they use them.
        self.redis_client: Any = None
        self.pubsub: Any = None

    def update_agent_context(self, agent_name: str, context_update: Dict[str, Any]) -> Dict[str, Any]:
        """Merges into the context of an agent: a member with None is deleted (RFC 7386). A string in `status` becomes the status
        of the record, too. Returns where the write is; raises MemorySyncError when it was not taken."""
        if not isinstance(context_update, dict):
            raise TypeError("the update of a context has to be a dict")
        text = _json_text(context_update)
        # What is no text of an argument (NUL, half of a pair of surrogates) JSON can say.
        status_flag = ["--with-status"] if isinstance(context_update.get("status"), str) else []
        if len(text.encode("utf-8")) > _MAX_ARGUMENT_BYTES:
            return self._call(["set", *status_flag, "--patch", "-", "--", agent_name], text)
        return self._call(["set", *status_flag, "--patch", text, "--", agent_name])

    def get_unified_context(self) -> Dict[str, Any]:
        """The whole context, as of now."""
        try:
            return self._call(["get"])
        except MemorySyncError as error:
            if error.code != "absent":
                raise
            return _empty_context()

    def sync_from_file(self) -> Dict[str, Any]:
        """What stands in context.json. One that cannot be read is not taken for an empty one: memory_sync restores it."""
        try:
            found = json.loads(self.memory_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return _empty_context()
        except ValueError:
            return self.get_unified_context()
        return found if isinstance(found, dict) else self.get_unified_context()

    def sync_to_file(self, data: Dict[str, Any]) -> None:
        """Replaces context.json, as an editor would: memory_sync takes in what was changed since the version whose `rev` is in
        `data`, and keeps what others changed meanwhile."""
        if not isinstance(data, dict) or not isinstance(data.get("agents"), dict):
            raise ValueError("a context has to be a dict with a dict 'agents'")
        data["last_update"] = _now()
        text = _json_text(data, indent=2) + "\n"
        target = Path(os.path.realpath(self.memory_file))
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
        descriptor, unfinished = tempfile.mkstemp(dir=target.parent, prefix=".context.json.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(unfinished, mode)
            os.replace(unfinished, target)
        except BaseException:
            os.unlink(unfinished)
            raise

    def publish_update(self, event: Dict[str, Any]) -> bool:
        """Tells whoever listens right now; it is not kept. False: nobody could be told."""
        if not isinstance(event, dict):
            raise TypeError("an event has to be a dict")
        try:
            return bool(self._call(["publish", "-"], _json_text(event)).get("published"))
        except MemorySyncError as error:
            if error.details.get("published") is False:
                return False
            raise

    def subscribe_updates(
        self, since: Optional[str] = None, agent: Optional[str] = None, timeout: Optional[float] = None
    ) -> Generator[Dict[str, Any], None, None]:
        """Every change, and what others publish, from the moment of this call on (or after the `cursor` of an event), as dicts.
        Ends after `timeout` seconds, if given, or when it is closed. Raises MemorySyncError when it cannot go on."""
        options = {"--since": since, "--agent": agent, "--timeout": timeout}
        args = [f"{name}={value}" for name, value in options.items() if value is not None]
        updates = self._updates([*_program(self.sot_path), "watch", *args])
        next(updates, None)  # from here on nothing is missed
        return updates  # type: ignore

    def run_hub(self) -> None:
        """The hub, until it is ended. In the main thread this process becomes the hub, so that signals and launchd reach it."""
        command = [*_program(self.sot_path), "hub"]
        sys.stdout.flush()
        if threading.current_thread() is threading.main_thread():
            os.execve(command[0], command, _environment(self.sot_path))
        subprocess.run(command, env=_environment(self.sot_path), stdin=subprocess.DEVNULL, check=True)

    def _call(self, args: List[str], text: Optional[str] = None) -> Any:
        return _call(self.sot_path, args, text)

    def _updates(self, command: List[str]) -> Generator[Optional[Dict[str, Any]], None, None]:
        environment = _environment(self.sot_path)
        # With it, watch would not say on stderr from where on it watches.
        environment.pop("MEMORY_SYNC_CONTENT_TYPE", None)
        try:
            watch = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        except ValueError as error:
            raise _no_argument("watch", error) from error
        assert watch.stdout is not None and watch.stderr is not None
        # A program may end without closing this, and Python need not close it then.
        atexit.register(watch.kill)
        try:
            said = [watch.stderr.readline()]
            if said[0].startswith(b"watching "):
                yield None
            for pipe, line in _lines_of(watch.stdout, watch.stderr):
                if pipe is watch.stderr:
                    said.append(line)
                    continue
                event = _parsed(line)
                if isinstance(event, dict):
                    yield event
            if watch.wait() not in (0, 11):  # 11: the time is up
                text = b"".join(said).decode("utf-8", "replace").strip()
                raise MemorySyncError(f"memory_sync watch ended with {watch.returncode}: {text}")
        finally:
            atexit.unregister(watch.kill)
            watch.kill()
            watch.wait()
            watch.stdout.close()
            watch.stderr.close()


if __name__ == "__main__":
    UnifiedMemoryHub().run_hub()
