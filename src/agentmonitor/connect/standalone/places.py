"""Which folders must not be deleted whole, and which files may hold secrets."""

import re

from . import shell

_SYSTEM = frozenset({
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/mnt", "/media",
    "/nix", "/opt", "/proc", "/root", "/run", "/sbin", "/snap", "/srv", "/sys", "/usr", "/var",
    "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/local", "/usr/sbin", "/usr/share", "/var/lib",
    "/home", "/Users", "/Applications", "/Library", "/System", "/Volumes", "/private",
    "/private/etc", "/private/var",
})  # fmt: skip
_OF_HOME = frozenset({
    ".ssh", ".gnupg", ".aws", ".kube", ".config", ".local", ".local/share", "Desktop",
    "Documents", "Downloads", "Library", "Movies", "Music", "Pictures", "Videos",
})  # fmt: skip
_ALL = re.compile(r"(?=.*[*?])(?:[*?.]|\[[^\]]*\])*")
_DRIVE = re.compile(r"/mnt/[a-z](?:/Users|/Windows)?")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_DEVICE = re.compile(r"/dev/(?:sd|hd|vd|xvd|nvme|mmcblk|r?disk|md|dm-|mapper/)\S*")

_SECRET = re.compile(
    r"\.env(?:\.(?!example$|sample$|template$|dist$|defaults$)[\w.-]+)?|\.envrc"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|.+\.(?:pem|p12|pfx|jks|keystore|kdbx|ppk|key)"
    r"|\.netrc|_netrc|\.pgpass|\.my\.cnf|\.npmrc|\.pypirc|\.git-credentials|\.htpasswd"
    r"|(?:.+[-_.])?credentials\.json|.+\.tfvars|.*\.tfstate(?:\.backup)?"
    r"|secrets?\.(?:ya?ml|json|toml)|service[-_]account.*\.json|shadow-?|\.vault-token"
)
_SECRET_ENDS = ("/.aws/credentials", "/.kube/config", "/.docker/config.json", "/etc/shadow",
                "/.config/gh/hosts.yml")  # fmt: skip


def is_secret(path: str) -> bool:
    """Whether a file by that name may hold keys or passwords."""
    path = path.replace("\\", "/").rstrip("/")
    name = path.rsplit("/", 1)[-1]
    if name.startswith("shadow"):
        return path.startswith("/etc/")
    return _SECRET.fullmatch(name) is not None or ("/" + path).endswith(_SECRET_ENDS)


def is_device(path: str) -> bool:
    """Whether it is a whole disk or a part of one."""
    return _DEVICE.fullmatch(path) is not None


def is_system(path: str) -> bool:
    """Whether a folder belongs to the system."""
    return path == "/" or path in _SYSTEM or _DRIVE.fullmatch(path) is not None


def is_home(path: str, home: str) -> bool:
    """Whether somebody's home would be lost, or a part of the user's own that matters most."""
    above, _, _ = path.rpartition("/")
    if path == home or (home + "/").startswith(path + "/") or above in ("/home", "/Users"):
        return True
    return path.startswith(home + "/") and path[len(home) + 1 :] in _OF_HOME


def alternatives(word: str) -> "list[str]":
    """``a{b,c}`` as ``ab`` and ``ac``."""
    words = [word]
    done: list[str] = []
    while words and len(words) + len(done) < 100:
        text = words.pop()
        found = _BRACES.search(text)
        if found is None:
            done.append(text)
        else:
            before, after = text[: found.start()], text[found.end() :]
            words += [before + part + after for part in found[1].split(",")]
    return done


def resolved(word: str, cwd: "str | None", home: str) -> "str | None":
    """The folder that a word of a command means, a final ``*`` taken for what it stands in.

    None when that cannot be told.
    """
    if word.startswith("~"):
        user, _, rest = word[1:].partition("/")
        users = home.rpartition("/")[0]
        whose = home if not user else "/root" if user == "root" else users + "/" + user
        word = whose + "/" + rest
    if not word or word.startswith(shell.UNKNOWN):
        return None
    if not word.startswith("/"):
        if cwd is None:
            return None
        word = cwd + "/" + word
    parts: list[str] = []
    for part in word.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    while parts and _ALL.fullmatch(parts[-1]):
        parts.pop()
    return shell.plain("/" + "/".join(parts))
