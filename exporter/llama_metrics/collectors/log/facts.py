"""What the log says of how things stand: the server's configuration, its GPUs, the layers of the last loads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from llama_metrics.collectors.log import events, metrics
from llama_metrics.collectors.log.runners import Runner
from llama_metrics.metrics import Family
from llama_metrics.ollama.eras import prints_costs

# More GPUs than any machine has; what a log holds beyond it is no list of GPUs.
_MOST_GPUS = 256


class Facts:
    """The latest word of the log on each; absent until there is one."""

    def __init__(self) -> None:
        self._config: events.Configured | None = None
        self._context: int | None = None
        self._devices: dict[str, events.Device] = {}
        self._layers: dict[str, tuple[int, int]] = {}
        # Whether runners print what requests cost: since Ollama 0.30. None where the log does not say.
        self.timed: bool | None = None

    def configured(self, config: events.Configured) -> None:
        """A server begins; what the one before it said is over."""
        self._config, self._context, self.timed = config, None, None
        self._devices.clear()
        self._layers.clear()

    def default_context(self, event: events.DefaultContext) -> None:
        """The context where the configuration leaves it to the server."""
        self._context = event.tokens

    def device(self, device: events.Device) -> None:
        """One of the server's devices."""
        if len(self._devices) < _MOST_GPUS:
            self._devices[device.gpu] = device

    def listening(self, event: events.Listening) -> None:
        """The server's version."""
        self.timed = prints_costs(event.version)

    def loaded(self, runner: Runner) -> None:
        """The layers of a model's last load; a load on the CPU alone names none."""
        self._layers.pop(runner.model, None)
        if runner.layers:
            self._layers[runner.model] = runner.layers

    def models(self) -> set[str]:
        """What the models are called that something is told of."""
        return set(self._layers)

    def rename(self, names: Mapping[str, str]) -> None:
        """Gives models their names."""
        self._layers = {names.get(model, model): layers for model, layers in self._layers.items()}

    def families(self, models: Collection[str]) -> Iterator[Family]:
        """The families of these facts; of models, what is called by one of these names."""
        config = self._config
        if config:
            yield Family.single(metrics.NUM_PARALLEL, config.num_parallel)
            yield Family.single(metrics.MAX_QUEUE, config.max_queue)
            yield Family.single(metrics.MAX_LOADED_MODELS, config.max_loaded_models)
            yield Family.single(metrics.KEEP_ALIVE, config.keep_alive)
            words = (config.flash_attention, config.kv_cache_type, config.debug)
            yield Family.of(metrics.CONFIG_INFO, [(words, 1)])
        yield Family.single(metrics.CONTEXT_LENGTH, (config.context_length if config else None) or self._context)
        if self._devices:
            gpus = [device for device in self._devices.values() if device.library != "cpu"]
            labels = [(gpu.gpu, gpu.library, gpu.name) for gpu in gpus]
            yield Family.single(metrics.GPUS, len(gpus))
            yield Family.of(metrics.GPU_INFO, [(values, 1) for values in labels])
            yield Family.of(
                metrics.GPU_MEMORY, [(values, gpu.memory) for values, gpu in zip(labels, gpus, strict=True)]
            )
        layers = {model: counts for model, counts in self._layers.items() if model in models}
        yield Family.of(metrics.OFFLOADED_LAYERS, [((model,), on_gpu) for model, (on_gpu, _) in layers.items()])
        yield Family.of(metrics.LAYERS, [((model,), of) for model, (_, of) in layers.items()])
