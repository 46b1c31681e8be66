"""What the labels of a stack's services ask for: version 1 and 2 of the specification."""
import posixpath
from dataclasses import dataclass, field

VOLUMES = "/var/lib/docker/volumes"
COPIES = "/var/lib/backup-bot/containers"
BACKUP = "backupbot.backup"
VOLUME_PREFIX = "backupbot.backup.volumes."


@dataclass
class Stack:
    name: str
    services: list = field(default_factory=list)

    def enabled(self):
        return any(truth(service.labels.get(BACKUP)) for service in self.services)

    def paths(self):
        """Absolute paths to take: of volumes, and where copies of containers' paths will stand."""
        rules = [rule for service in self.services for rule in service.rules(self.name)]
        excluded = {volume for volume, paths in rules if paths is None}
        restricted = {volume for volume, paths in rules if paths}
        whole = {v for s in self.services if not s.container_paths() for v in s.mounts.values()}
        for volume in sorted(whole - excluded - restricted):
            yield f"{VOLUMES}/{volume}/_data"
        for volume, paths in rules:
            for path in [] if volume in excluded else paths or []:
                yield inside(f"{VOLUMES}/{volume}/_data", path)
        for service in self.services:
            for path in service.container_paths():
                volume, inner = service.place(path)
                if volume is None:
                    yield f"{COPIES}/{service.name}{path}"
                elif volume not in whole | excluded | restricted:
                    yield posixpath.normpath(f"{VOLUMES}/{volume}/_data/{inner}")

    def hooks(self, when):
        for service in self.services:
            command = service.labels.get(f"backupbot.{when}", "").strip()
            if command:
                yield service.name, command


@dataclass
class Service:
    name: str
    labels: dict
    mounts: dict

    def rules(self, stack):
        """Of each volume that a label speaks of: what to take of it, None for nothing."""
        for label, value in self.labels.items():
            if not label.startswith(VOLUME_PREFIX):
                continue
            key = label[len(VOLUME_PREFIX):]
            if key.endswith(".path"):
                yield f"{stack}_{key[:-len('.path')]}", words(value)
            elif not truth(value):
                yield f"{stack}_{key}", None

    def container_paths(self):
        """Version 1."""
        return [posixpath.normpath(path) for path in words(self.labels.get("backupbot.backup.path", ""))]

    def place(self, path):
        """The volume that a path of the container is in, and where in it; (None, path) for no volume."""
        for target in sorted(self.mounts, key=len, reverse=True):
            if path == target or path.startswith(target.rstrip("/") + "/"):
                return self.mounts[target], posixpath.relpath(path, target)
        return None, path


def stacks(services):
    found = {}
    for one in services:
        spec = one["Spec"]
        labels = spec.get("Labels") or {}
        name = labels["com.docker.stack.namespace"]
        mounts = spec["TaskTemplate"].get("ContainerSpec", {}).get("Mounts") or []
        volumes = {mount["Target"]: mount["Source"] for mount in mounts if mount.get("Type") == "volume" and mount.get("Source")}
        found.setdefault(name, Stack(name)).services.append(Service(spec["Name"], labels, volumes))
    return found


def inside(root, path):
    whole = posixpath.normpath(f"{root}/{path}")
    if whole != root and not whole.startswith(root + "/"):
        raise ValueError(f"{path} leads out of {root}")
    return whole


def truth(value):
    return (value or "").strip().lower() in ("true", "1", "yes")


def words(value):
    return [word.strip() for word in value.split(",") if word.strip()]
