"""Where the services keep their files: a folder that they reach, a short enough socket path."""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from cloudchat.local.errors import LocalError

SOCKET_PATH_LIMIT = 100  # the system's own is 104 to 108 characters
SPACE_NEEDED = 300 * 1024 * 1024
OUTSIDE = Path("/var/lib/cloudchat")


def make_data_dir(data_dir: Path) -> Path:
    """Create the folder of all data; says so when it is not ours or the disk is full."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(f"cannot create {data_dir}: {error.strerror}") from None
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise LocalError(
            f"{data_dir} belongs to another user; start as that user, "
            "or set CLOUDCHAT_DATA_DIR to a folder of your own"
        )
    check_space(data_dir)
    return data_dir.resolve()


def check_space(folder: Path, needed: int = SPACE_NEEDED) -> None:
    """Refuse to start on a disk that is about to be full: a database must not meet that."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LocalError(
            f"only {free // 2**20} MB free on the disk of {folder}; "
            f"CloudChat needs {needed // 2**20} MB to start. Make room, "
            "or set CLOUDCHAT_DATA_DIR to a folder on another disk"
        )


def private_folder(folder: Path, owner: tuple[int, int] | None = None) -> Path:
    """A folder for its owner alone (and root)."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if owner:
            os.chown(folder, *owner)
        folder.chmod(0o700)
    except OSError as error:
        raise LocalError(f"cannot use {folder}: {error.strerror}") from None
    return folder


def home_for(data_dir: Path, name: str, owner: tuple[int, int] | None) -> Path:
    """The folder of one service under `data_dir`, usable by `owner` (None: ourselves).

    Another user may not get through to a folder below a private one such as /root. Rather than
    open what is private, such a folder is made outside, and a link shows where it is.
    """
    home = data_dir / name
    if owner and not home.exists() and not reachable_by_all(data_dir):
        home.unlink(missing_ok=True)  # a link whose target was removed
        OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
        outside = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=OUTSIDE))
        try:
            home.symlink_to(outside)
        except FileExistsError:  # another starter was first
            outside.rmdir()
    return private_folder(home.resolve(), owner)


def remove_home(data_dir: Path, name: str) -> None:
    """Delete the folder of one service, where it was made outside too."""
    home = data_dir / name
    shutil.rmtree(home.resolve(), ignore_errors=True)
    home.unlink(missing_ok=True)


def socket_folder(home: Path, socket_name: str, owner: tuple[int, int] | None = None) -> Path:
    """`home` itself, or a short private folder for it when the socket's path would be too long."""
    if len(os.fsencode(home / socket_name)) <= SOCKET_PATH_LIMIT:
        return home
    uid = owner[0] if owner else os.getuid()
    short = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    folder = Path(f"/tmp/cloudchat-{uid}-{short}")
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, *(owner or (-1, -1)))
    except FileExistsError:
        pass
    found = folder.lstat()
    # /tmp is everyone's: somebody may have put a folder of that name there before us.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise LocalError(f"{folder} is not a private folder of ours; remove it and start again")
    return folder


def reachable_by_all(folder: Path) -> bool:
    """Whether any user may pass through to `folder`."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents))


def unprivileged() -> tuple[int, int] | None:
    """The (uid, gid) that programs run as which refuse root; None when we are not root."""
    if os.getuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
