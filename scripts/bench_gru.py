"""Measure the speed and memory of grunlp's GRU layer against other implementations.

    python scripts/bench_gru.py [repeats=7] [threads=2] [only=64x100x256] [mode=training]

It takes about 20 minutes on two cores. The benchmark is a two-layer bidirectional GRU with H units on B sequences of
different lengths up to T, with H input features. It times a training step (forward pass and gradients of input and
weights) and inference. All implementations have the same weights, are measured in turn, and must agree in their
outputs. `nn.GRU` padded, Keras and OpenVINO ignore the sequence lengths and compute the padding as well; their outputs
are only compared for full-length sequences. `pip install -e '.[bench]'` adds Keras on TensorFlow, ONNX Runtime and
OpenVINO.

Each cell shows the median time in milliseconds; the useful floating-point operations per second relative to those of a
large matrix product measured in the same round; and half the range of the repeats relative to the median. Useful
operations are the matrix products with input and state at real time steps, counted three times for training; padding
and gates are not counted.
"""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from multiprocessing.connection import Connection
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.configuration.options import option, parse_options
from grunlp.exporting.weight_conversion import to_keras, to_onnx, to_torch
from grunlp.kernels.loader import disabled, is_enabled
from grunlp.modules.gru import StackedGRU
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError


@dataclass
class Options:
    """Options of this script."""

    repeats: int = option(7, "repeats, of which the median counts", minimum=1, maximum=10**9)
    threads: int = option(2, "threads", minimum=1, maximum=1024)
    only: str = option("", "the only shape to measure; empty: all", content="text")
    mode: Literal["both", "training", "inference"] = option("both", "what to measure")


MODES = ("training", "inference")
LAYERS, DIRECTIONS = 2, 2
COLUMNS = ("grunlp", "fallback", "nn.GRU packed", "nn.GRU padded", "Keras", "ONNX Runtime", "OpenVINO")

Runnable = Callable[[], Any]
PeerFunction = Callable[[Tensor], Tensor]
Timer = Callable[[int], float]  # number of runs → seconds per run


class BenchmarkShape(NamedTuple):
    """Benchmark size.

    Attributes:
        batch: number of sequences (B).
        steps: maximum length (T).
        hidden: number of units per direction and of input features (H).
    """

    batch: int
    steps: int
    hidden: int

    def __str__(self) -> str:
        return "x".join(map(str, self))


SHAPES = [BenchmarkShape(*sizes) for sizes in product((1, 16, 64), (25, 100), (128, 256, 512))]
ONE_SENTENCE, LARGE = BenchmarkShape(1, 25, 256), BenchmarkShape(64, 100, 256)


class BenchmarkCase:
    """Inputs of one shape, with a `StackedGRU` and an `nn.GRU` of the same weights."""

    def __init__(self, shape: BenchmarkShape) -> None:
        torch.manual_seed(0)
        batch, steps, hidden = shape
        self.lengths = torch.randint(max(1, steps // 4), steps + 1, (batch,))
        self.lengths[0] = steps
        self.x = torch.randn(batch, steps, hidden)
        self.grad = torch.randn(batch, steps, DIRECTIONS * hidden)
        self.token_mask = torch.arange(steps) < self.lengths[:, None]  # (B, T)
        self.stack = StackedGRU(hidden, hidden, LAYERS, DIRECTIONS == 2, 0.0, "none")
        module = to_torch(self.stack)
        assert isinstance(module, nn.GRU)
        self.module = module
        rows = 2 * 3 * hidden * DIRECTIONS  # operations per token and weight column
        columns = hidden + hidden + (LAYERS - 1) * (DIRECTIONS * hidden + hidden)
        self.operations = int(self.lengths.sum()) * rows * columns

    def compiled(self, x: Tensor) -> Tensor:
        """Run `StackedGRU` with the compiled kernels."""
        return self.stack(x, self.lengths)[0]

    def fallback(self, x: Tensor) -> Tensor:
        """Run `StackedGRU` without the compiled kernels."""
        with disabled():
            return self.stack(x, self.lengths)[0]

    def packed(self, x: Tensor) -> Tensor:
        """Run `nn.GRU` on a packed sequence."""
        sequence = nn.utils.rnn.pack_padded_sequence(x, self.lengths, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(self.module(sequence)[0], batch_first=True, total_length=x.shape[1])[0]

    def padded(self, x: Tensor) -> Tensor:
        """Run `nn.GRU` on the padded batch."""
        return self.module(x)[0]

    def torch_peers(self) -> dict[str, tuple[PeerFunction, nn.Module]]:
        """Return the PyTorch implementations by name, each with the module that holds its weights."""
        return {
            "grunlp": (self.compiled, self.stack),
            "fallback": (self.fallback, self.stack),
            "nn.GRU packed": (self.packed, self.module),
            "nn.GRU padded": (self.padded, self.module),
        }


def make_training_run(case: BenchmarkCase, peer: PeerFunction, module: nn.Module) -> Runnable:
    """Return a function that runs forward and backward and returns the gradient of the input."""
    x = case.x.clone().requires_grad_()
    differentiable = [x, *module.parameters()]

    def step() -> Tensor | None:
        for tensor in differentiable:
            tensor.grad = None
        peer(x).backward(case.grad)
        return x.grad

    return step


def make_inference_run(case: BenchmarkCase, peer: PeerFunction) -> Runnable:
    """Return a function that runs inference."""

    def step() -> Tensor:
        with torch.inference_mode():
            return peer(case.x)

    return step


def keras_run(case: BenchmarkCase, mode: str, threads: int) -> Runnable:
    """Return a training or inference run of Keras on TensorFlow, without a mask, compiled to one graph."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    layers = [
        tf.keras.layers.Bidirectional(tf.keras.layers.GRU(case.stack.hidden_size, return_sequences=True))
        for _ in range(LAYERS)
    ]
    model = tf.keras.Sequential([tf.keras.Input(case.x.shape[1:], batch_size=len(case.x)), *layers])
    for layer, arrays in zip(layers, to_keras(case.stack), strict=True):
        layer.set_weights(arrays)
    x, grad = tf.constant(case.x.numpy()), tf.constant(case.grad.numpy())

    @tf.function  # type: ignore[untyped-decorator]
    def step() -> object:
        if mode == "inference":
            return model(x, training=False)
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = model(x, training=True)
        return tape.gradient(outputs, [x, *model.trainable_variables], output_gradients=grad)

    return lambda: np.asarray(tf.nest.flatten(step())[0])


def onnxruntime_run(case: BenchmarkCase, mode: str, threads: int) -> Runnable:
    """Return an inference run of ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = to_onnx(case.stack).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = {"input": case.x.numpy(), "lengths": case.lengths.int().numpy()}
    return lambda: session.run(["output"], inputs)[0]


def openvino_run(case: BenchmarkCase, mode: str, threads: int) -> Runnable:
    """Return an inference run of OpenVINO."""
    import openvino

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    model = core.read_model(to_onnx(case.stack).SerializeToString(), b"")
    # Fixed shapes (model.reshape) were twice as slow.
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    inputs = {"input": case.x.numpy(), "lengths": case.lengths.int().numpy()}
    return lambda: request.infer(inputs)["output"]


# Name → required module and run factory. Each library runs in its own process, so that thread pools do not compete.
EXTERNAL_LIBRARIES: dict[str, tuple[str, Callable[[BenchmarkCase, str, int], Runnable]]] = {
    "Keras": ("tensorflow", keras_run),
    "ONNX Runtime": ("onnxruntime", onnxruntime_run),
    "OpenVINO": ("openvino", openvino_run),
}


class LibraryProcess:
    """A library in its own process, which holds one run at a time."""

    def __init__(self, name: str, threads: int) -> None:
        self.name, self.loaded = name, False
        context = multiprocessing.get_context("spawn")
        self.connection, child_connection = context.Pipe()
        context.Process(target=serve, args=(name, threads, child_connection), daemon=True).start()

    def load(self, shape: BenchmarkShape, mode: str) -> Any:
        """Replace the current run by a new one and return its output."""
        if self.loaded:
            self.connection.send(0)
        self.loaded = True
        self.connection.send((shape, mode))
        return self._receive()

    def seconds(self, loops: int) -> float:
        """Time the current run; see `make_timer`."""
        self.connection.send(loops)
        seconds: float = self._receive()
        return seconds

    def _receive(self) -> Any:
        """Receive a result from the process.

        Raises:
            UserError: the process ended.
        """
        try:
            return self.connection.recv()
        except EOFError:
            raise UserError(f"{self.name} failed", "see its message above", "Uninstall or repair it.") from None


def serve(name: str, threads: int, connection: Connection) -> None:
    """Run the main loop of a `LibraryProcess`: build runs and time them on request."""
    torch.set_num_threads(threads)
    with suppress(EOFError):  # the parent process ended
        while True:
            shape, mode = connection.recv()
            run = EXTERNAL_LIBRARIES[name][1](BenchmarkCase(shape), mode, threads)
            connection.send(run())
            while loops := connection.recv():
                connection.send(make_timer(run)(loops))


def large_matmul() -> tuple[Runnable, int]:
    """Return a run of a large matrix product and its number of operations."""
    size = 1536
    left, right = torch.randn(2, size, size)
    return lambda: torch.mm(left, right), 2 * size**3


def make_timer(run: Runnable) -> Timer:
    """Return a function that repeats `run` a number of times and returns the seconds per run."""

    def seconds(loops: int) -> float:
        if loops > 1:
            run()  # reload the weights into the CPU cache; a single long run does so itself
        started = time.perf_counter()
        for _ in range(loops):
            run()
        return (time.perf_counter() - started) / loops

    return seconds


def time_in_turns(timers: dict[str, Timer], repeats: int) -> dict[str, list[float]]:
    """Time all runs once per repeat, in turn; short runs are looped for about 20 ms. Return the seconds per run."""
    loops = {name: max(1, int(0.02 / seconds(1))) for name, seconds in timers.items()}
    times: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(repeats):
        for name, seconds in timers.items():
            times[name].append(seconds(loops[name]))
    return times


def check_outputs(name: str, case: BenchmarkCase, expected: Tensor, result: Any) -> None:
    """Compare a result with that of `nn.GRU` packed, at real time steps.

    For implementations that ignore lengths, only full-length sequences are compared.

    Raises:
        AssertionError: they differ.
    """
    full = case.lengths[:, None] == case.x.shape[1]
    mask = case.token_mask & full if name in ("nn.GRU padded", "Keras", "OpenVINO") else case.token_mask
    difference = (torch.as_tensor(result) - expected)[mask].abs().max()
    assert difference < 1e-4 * expected.abs().max(), f"{name} differs by {difference}"


def measure(
    shape: BenchmarkShape, mode: str, others: dict[str, LibraryProcess], repeats: int
) -> dict[str, list[float]]:
    """Measure all implementations at one shape, print a row of the table and return the seconds by name."""
    case = BenchmarkCase(shape)
    if mode == "training":
        runs = {name: make_training_run(case, peer, module) for name, (peer, module) in case.torch_peers().items()}
    else:
        runs = {name: make_inference_run(case, peer) for name, (peer, _) in case.torch_peers().items()}
    expected = runs["nn.GRU packed"]()
    timers = {}
    for name, run in runs.items():
        check_outputs(name, case, expected, run())
        timers[name] = make_timer(run)
    for name, other in others.items():
        if mode == "inference" or name == "Keras":
            check_outputs(name, case, expected, other.load(shape, mode))
            timers[name] = other.seconds
    large, operations = large_matmul()
    timers["matmul"] = make_timer(large)
    seconds = time_in_turns(timers, repeats)
    peak = operations / statistics.median(seconds["matmul"])
    useful = case.operations * (3 if mode == "training" else 1)
    cells = []
    for name in COLUMNS:
        times = seconds.get(name)
        if times:
            median = statistics.median(times)
            spread = (max(times) - min(times)) / 2 / median
            cells.append(f"{median * 1000:8.2f} {useful / median / peak:4.0%} ±{spread:4.0%}")
        else:
            cells.append(f"{'–':>19}")
    print(f"{shape!s:>11}{mode:>10}{peak / 1e9:8.0f} " + " ".join(cells), flush=True)
    return seconds


def speedup(seconds: dict[str, list[float]], other: str) -> float:
    """Return the speed of the compiled kernels relative to another implementation."""
    return statistics.median(seconds[other]) / statistics.median(seconds["grunlp"])


def summarize(results: dict[tuple[BenchmarkShape, str], dict[str, list[float]]]) -> None:
    """Print mean and worst speedups, and those of the two reference shapes."""
    modes = sorted({mode for _, mode in results}, reverse=True)
    for mode, peer in product(modes, ("nn.GRU packed", "nn.GRU padded")):
        speedups = {shape: speedup(seconds, peer) for (shape, kind), seconds in results.items() if kind == mode}
        worst = min(speedups, key=lambda shape: speedups[shape])
        mean = statistics.geometric_mean(speedups.values())
        print(f"{mode} speedup over {peer}: {mean:.2f} (geometric mean), minimum {speedups[worst]:.2f} at {worst}")
    if "Keras" in results.get((LARGE, "training"), {}):
        over_keras = speedup(results[LARGE, "training"], "Keras")
        print(f"training speedup over Keras, which computes the padding, at {LARGE}: {over_keras:.2f}")
    if (ONE_SENTENCE, "inference") in results:
        seconds = results[ONE_SENTENCE, "inference"]
        peers = [name for name in COLUMNS[2:] if name in seconds]
        print(
            "inference speedup, one sentence: "
            + ", ".join(f"{speedup(seconds, name):.2f} over {name}" for name in peers)
        )


def bfloat16_weights(repeats: int) -> None:
    """Compare inference of one sentence with bfloat16 weights to float32: speed, size and error."""
    case, half = BenchmarkCase(ONE_SENTENCE), BenchmarkCase(ONE_SENTENCE)
    half.stack.to_bfloat16_weights()
    timers = {
        "grunlp": make_timer(make_inference_run(case, case.compiled)),
        "half": make_timer(make_inference_run(half, half.compiled)),
    }
    seconds = time_in_turns(timers, repeats)
    sizes = [sum(parameter.nbytes for parameter in c.stack.parameters()) for c in (case, half)]
    with torch.no_grad():
        error = (case.compiled(case.x) - half.compiled(case.x)).abs().max()
    print(
        f"bfloat16 weights, one sentence: speedup over float32 {1 / speedup(seconds, 'half'):.2f}, size "
        f"{sizes[1] / 1024:.0f} KiB instead of {sizes[0] / 1024:.0f}, maximum output error {error:.1e}"
    )


def mingru(repeats: int) -> None:
    """Compare training of minGRU and GRU on one long sequence."""
    long = BenchmarkCase(BenchmarkShape(1, 4096, 256))
    minimal = StackedGRU(256, 256, LAYERS, DIRECTIONS == 2, 0.0, "none", "mingru")
    peers: dict[str, tuple[PeerFunction, nn.Module]] = {
        "grunlp": (lambda x: minimal(x, long.lengths)[0], minimal),
        "GRU": (long.compiled, long.stack),
        "nn.GRU": (long.padded, long.module),
    }
    timers = {name: make_timer(make_training_run(long, *peer)) for name, peer in peers.items()}
    seconds = time_in_turns(timers, repeats)
    milliseconds = {name: statistics.median(values) * 1000 for name, values in seconds.items()}
    print(
        f"minGRU training at 1x4096x256: {milliseconds['grunlp']:.0f} ms; GRU {milliseconds['GRU']:.0f} ms "
        f"(speedup {speedup(seconds, 'GRU'):.1f}); nn.GRU {milliseconds['nn.GRU']:.0f} ms "
        f"(speedup {speedup(seconds, 'nn.GRU'):.1f})"
    )


def saved_memory() -> None:
    """Print the memory that autograd saves for the backward pass, without parameters and input."""
    case = BenchmarkCase(LARGE)
    sizes = {}
    for name, (peer, _) in case.torch_peers().items():
        saved: dict[int, int] = {}

        def save(tensor: Tensor, saved: dict[int, int] = saved) -> Tensor:
            storage = tensor.untyped_storage()
            saved[storage.data_ptr()] = storage.nbytes()
            return tensor

        x = case.x.clone().requires_grad_()
        with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
            outputs = peer(x)
        for tensor in (x, *case.stack.parameters(), *case.module.parameters()):
            saved.pop(tensor.untyped_storage().data_ptr(), None)
        sizes[name] = sum(saved.values()) / 2**20
        del outputs
    print(
        f"memory saved for backward at {LARGE}: " + ", ".join(f"{name} {size:.0f} MiB" for name, size in sizes.items())
    )


def check_determinism(shapes: list[BenchmarkShape], threads: int) -> None:
    """Check that outputs and gradients are bit-identical on 1, 2 and 4 threads, and print the result."""
    for shape in shapes:
        case = BenchmarkCase(shape)
        results: list[dict[str, Tensor]] = []
        for num_threads in (1, 2, 4):
            torch.set_num_threads(num_threads)
            x = case.x.clone().requires_grad_()
            outputs, final = case.stack(x, case.lengths)
            names = ["input", *(name for name, _ in case.stack.named_parameters())]
            gradients = torch.autograd.grad(outputs, [x, *case.stack.parameters()], case.grad)
            results.append({"outputs": outputs, "final": final, **dict(zip(names, gradients, strict=True))})
        first, *others = results
        differing = [name for name in first if not all(torch.equal(first[name], other[name]) for other in others)]
        print(f"1, 2 and 4 threads at {shape}: {'differ in ' + ', '.join(differing) if differing else 'bit-identical'}")
    torch.set_num_threads(threads)


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Run all measurements and print the results."""
    options = parse_options(arguments, Options)
    shapes = [shape for shape in SHAPES if options.only in ("", str(shape))]
    if not shapes:
        raise UserError(
            f"only={options.only}: unknown shape", f"the shapes are {', '.join(map(str, SHAPES))}", "Choose one."
        )
    modes = [mode for mode in MODES if options.mode in ("both", mode)]
    if not is_enabled():
        raise UserError(
            "the compiled kernels are not available",
            "see the message above",
            "Install a C++ compiler, then reinstall grunlp.",
        )
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    torch.set_num_threads(options.threads)
    titles = " ".join(f"{name:>19}" for name in COLUMNS)
    print(f"{'BxTxH':>11}{'':10}{'GFLOP/s':>8} {titles}")
    others = {
        name: LibraryProcess(name, options.threads)
        for name, (module, _) in EXTERNAL_LIBRARIES.items()
        if find_spec(module)
    }
    results = {(shape, mode): measure(shape, mode, others, options.repeats) for mode, shape in product(modes, shapes)}
    summarize(results)
    bfloat16_weights(options.repeats)
    mingru(options.repeats)
    saved_memory()
    check_determinism(shapes, options.threads)
    return 0


if __name__ == "__main__":
    main()
