"""What a box is: its CPU, memory and devices, and the software it runs."""

from farm.contract.value import Value, digest

GIB = 1024**3


class Gpu(Value):
    """One GPU: its name, memory in bytes, and compute capability such as `sm90`."""

    name: str
    uuid: str
    memory_bytes: int
    capability: str
    driver: str


class Machine(Value):
    """One box. `host_id` tells two boxes of the same kind apart; `fingerprint` tells two kinds apart."""

    host_id: str
    name: str
    cpu_model: str
    architecture: str
    instruction_sets: tuple[str, ...] = ()
    cores: int  # physical
    threads: int  # logical, as this process may use them
    memory_bytes: int
    gpus: tuple[Gpu, ...] = ()
    openvino_devices: tuple[str, ...] = ()
    system: str

    def fingerprint(self) -> str:
        """Hash what decides speed: CPU, instruction sets, counts, memory to the GiB, GPUs; not the host's name."""
        facts = self.model_dump(
            mode="json", exclude={"host_id", "name", "system", "memory_bytes", "gpus", "openvino_devices"}
        )
        facts["memory_gib"] = round(self.memory_bytes / GIB)
        facts["gpus"] = sorted(f"{gpu.name} {round(gpu.memory_bytes / GIB)} {gpu.capability}" for gpu in self.gpus)
        return digest(facts)


class Environment(Value):
    """The software a result was made with. Versions are what varies between comparable results."""

    python: str
    kernel: str
    packages: dict[str, str]
    drivers: dict[str, str] = {}

    def fingerprint(self) -> str:
        """Hash every version."""
        return digest(self.model_dump(mode="json"))


class PlatformStatus(Value):
    """Whether this box can run a platform, with the reason if not, its tags, and the precisions it cannot do."""

    platform: str
    available: bool
    reason: str = ""
    tags: tuple[str, ...] = ()
    unsupported_precisions: dict[str, str] = {}


class Probe(Value):
    """Everything a worker tells of itself when it registers."""

    machine: Machine
    environment: Environment
    platforms: tuple[PlatformStatus, ...]
