"""An NVML that is not there: the functions of NVIDIA's library, to be called as C calls them, answering by a script.

nvidia-ml-py loads it in place of libnvidia-ml.so.1, so all of its own code runs: structures, versions, error classes.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
import threading
from collections import Counter
from collections.abc import Callable
from ctypes import POINTER, c_char, c_int, c_uint, c_ulonglong, c_void_p
from typing import Any

from tests.support.fake_gpu import ARGUMENT_VERSION_MISMATCH, INSUFFICIENT_SIZE, SUCCESS, UNINITIALIZED, Error, Gpu


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", c_uint), ("memory", c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (("total", c_ulonglong), ("free", c_ulonglong), ("used", c_ulonglong))


class _MemoryV2(ctypes.Structure):
    _fields_ = (("version", c_uint), ("total", c_ulonglong), ("reserved", c_ulonglong), *_Memory._fields_[1:])


class _Temperature(ctypes.Structure):
    _fields_ = (("version", c_uint), ("sensor", c_uint), ("temperature", c_int))


class _Process(ctypes.Structure):
    _fields_ = (("pid", c_uint), ("used", c_ulonglong), ("gpu_instance", c_uint), ("compute_instance", c_uint))


class FakeNvml:
    """The library. Whatever a test changes holds from the next call.

    Attributes:
        gpus: the cards; which ones there are is seen when it is started, as the real one does.
        init, count: what nvmlInit and nvmlDeviceGetCount return.
        is_running: whether it is started.
        functions: all of them by name; `missing` are the names of those that this driver does not have.
        called: how often each function was called; `threads` by which threads.
        before: called with the name before each function answers.

    """

    def __init__(self, *gpus: Gpu) -> None:
        self.gpus = list(gpus)
        self.init, self.count = SUCCESS, SUCCESS
        self.missing: set[str] = set()
        self.called: Counter[str] = Counter()
        self.threads: set[int] = set()
        self.before: Callable[[str], object] = lambda _: None
        self.is_running = False
        self._cards: list[Gpu] = []
        self.functions = {name: self._function(name, *shape) for name, shape in self._shapes().items()}

    def __getattr__(self, name: str) -> Any:
        """A function by its name, as a library that was loaded gives it."""
        if name in self.__dict__.get("missing", ()) or name not in self.__dict__.get("functions", ()):
            raise AttributeError(name)
        return self.functions[name]

    def _shapes(self) -> dict[str, tuple[Callable[..., int], tuple[Any, ...]]]:
        """What each function does, and what it takes. Structures go as bare pointers, as in C."""
        one = (c_void_p, c_void_p)
        text = (c_void_p, POINTER(c_char), c_uint)
        processes = (c_void_p, POINTER(c_uint), c_void_p)
        return {
            "nvmlInitWithFlags": (self._init, (c_uint,)),
            "nvmlShutdown": (self._shutdown, ()),
            "nvmlErrorString": (lambda _: 0, (c_uint,)),
            "nvmlDeviceGetCount_v2": (self._count, (POINTER(c_uint),)),
            "nvmlDeviceGetHandleByIndex_v2": (self._handle, (c_uint, c_void_p)),
            "nvmlDeviceGetUUID": (self._text("uuid"), text),
            "nvmlDeviceGetName": (self._text("name"), text),
            "nvmlDeviceGetPowerUsage": (self._number("power", c_uint), one),
            "nvmlDeviceGetEnforcedPowerLimit": (self._number("power_limit", c_uint), one),
            "nvmlDeviceGetTotalEnergyConsumption": (self._number("energy", c_ulonglong), one),
            "nvmlDeviceGetTemperature": (self._number("temperature", c_uint), (c_void_p, c_uint, c_void_p)),
            "nvmlDeviceGetTemperatureV": (self._temperature, one),
            "nvmlDeviceGetCurrentClocksEventReasons": (self._number("reasons", c_ulonglong), one),
            "nvmlDeviceGetCurrentClocksThrottleReasons": (self._number("reasons", c_ulonglong), one),
            "nvmlDeviceGetUtilizationRates": (self._utilization, one),
            "nvmlDeviceGetMemoryInfo": (self._memory, one),
            "nvmlDeviceGetMemoryInfo_v2": (self._memory_v2, one),
            "nvmlDeviceGetComputeRunningProcesses_v2": (self._processes, processes),
            "nvmlDeviceGetComputeRunningProcesses_v3": (self._processes, processes),
        }

    def _function(self, name: str, answer: Callable[..., int], takes: tuple[Any, ...]) -> Any:
        def call(*arguments: Any) -> int:
            self.called[name] += 1
            self.threads.add(threading.get_ident())
            self.before(name)
            started = self.is_running or name in ("nvmlInitWithFlags", "nvmlErrorString")
            return answer(*arguments) if started else UNINITIALIZED

        return ctypes.CFUNCTYPE(c_int, *takes)(call)

    def _init(self, _: int) -> int:
        self.is_running = self.init == SUCCESS
        self._cards = list(self.gpus)
        return self.init

    def _shutdown(self) -> int:
        self.is_running = False
        return SUCCESS

    def _count(self, count: Any) -> int:
        count[0] = len(self._cards)
        return self.count

    def _handle(self, index: int, device: int) -> int:
        c_void_p.from_address(device).value = index + 1
        return self._cards[index].state

    def _of(self, handle: int, what: str) -> Any:
        gpu = self._cards[handle - 1]
        return Error(gpu.state) if gpu.state else getattr(gpu, what)

    def _text(self, what: str) -> Callable[..., int]:
        def answer(handle: int, text: Any, size: int) -> int:
            said = self._of(handle, what)
            if isinstance(said, Error):
                return said.code
            ctypes.memmove(text, said + b"\0", min(len(said) + 1, size))
            return SUCCESS

        return answer

    def _number(self, what: str, kind: Any) -> Callable[..., int]:
        return lambda handle, *arguments: _write(self._of(handle, what), kind, arguments[-1], "value")

    def _utilization(self, handle: int, at: int) -> int:
        return _write(self._of(handle, "utilization"), _Utilization, at, "gpu")

    def _temperature(self, handle: int, at: int) -> int:
        return _wrong_version(at, 0x100000C) or _write(self._of(handle, "temperature"), _Temperature, at, "temperature")

    def _memory(self, handle: int, at: int) -> int:
        said = self._of(handle, "memory")
        if not isinstance(said, Error):
            used, reserved, total = said
            said = used + reserved, total
        return _write(said, _Memory, at, "used", "total")

    def _memory_v2(self, handle: int, at: int) -> int:
        names = "used", "reserved", "total"
        return _wrong_version(at, 0x02000028) or _write(self._of(handle, "memory"), _MemoryV2, at, *names)

    def _processes(self, handle: int, count: Any, at: int) -> int:
        said = self._of(handle, "processes")
        if isinstance(said, Error):
            return said.code
        room, count[0] = count[0], len(said)
        if room < len(said):
            return INSUFFICIENT_SIZE
        for number, (pid, used) in enumerate(said):
            ctypes.cast(at, POINTER(_Process))[number] = _Process(pid, used, 2**32 - 1, 2**32 - 1)
        return SUCCESS


def _write(said: Any, kind: Any, at: int, *names: str) -> int:
    """Fills the caller's structure with a value, or with several, and returns the code."""
    if isinstance(said, Error):
        return said.code
    for name, value in zip(names, said if isinstance(said, tuple) else (said,), strict=True):
        setattr(kind.from_address(at), name, value)
    return SUCCESS


def _wrong_version(at: int, expected: int) -> int:
    """As NVML does it: the caller says in the structure which one it is."""
    return SUCCESS if c_uint.from_address(at).value == expected else ARGUMENT_VERSION_MISMATCH


def nvidia_ml_py(library: FakeNvml) -> Any:
    """The real nvidia-ml-py, a copy of its own that has loaded this library."""
    name, real = f"pynvml_with_{id(library)}", importlib.util.find_spec("pynvml")
    own = importlib.util.spec_from_file_location(name, real.origin) if real and real.origin else None
    loader = own.loader if own else None
    assert own
    assert loader, "nvidia-ml-py is not installed; pip install -e '.[dev]'"
    module: Any = importlib.util.module_from_spec(own)
    # It looks itself up there while it is executed.
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    finally:
        del sys.modules[name]
    module.nvmlLib = library
    return module
