"""How fast the recurrent layer is beside others: about 20 minutes on two cores.

    python scripts/bench_gru.py [repeats=7] [threads=2] [only=64x100x256] [mode=training]

Two layers in two directions over B sequences of mixed lengths up to T, H units and H features: a training step
(outputs, and the gradients of input and weights) and inference. All peers have the same weights, take turns, and must
agree where they heed lengths. `nn.GRU` padded, Keras and OpenVINO do not, and compute the padding as well.
`pip install -e '.[bench]'` adds Keras on TensorFlow, ONNX Runtime and OpenVINO.

A figure is the median in milliseconds, then the useful arithmetic a second as a share of what a large product of
matrices reaches in the same minute, then half the distance from the fastest to the slowest repeat, as a share of the
median. Useful arithmetic are the products with input and state at real steps, three times as many in training; padding
is not counted, gates are not.
"""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from itertools import product
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.configuration.key_value_args import parse_arguments
from grunlp.exporting.weight_conversion import to_keras, to_onnx, to_torch
from grunlp.kernels.loader import disabled, is_enabled
from grunlp.modules.gru import StackedGRU
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

DEFAULTS = {"repeats": 7, "threads": 2, "only": "", "mode": "both"}
MODES = ("training", "inference")
LAYERS, DIRECTIONS = 2, 2
COLUMNS = ("grunlp", "fallback", "nn.GRU packed", "nn.GRU padded", "Keras", "ONNX Runtime", "OpenVINO")

Runnable = Callable[[], Any]
PeerFunction = Callable[[Tensor], Tensor]
Timer = Callable[[int], float]  # number of runs → seconds of one


class BenchmarkShape(NamedTuple):
    """B sequences of at most T steps, H units a direction and H features of input."""

    batch: int
    steps: int
    hidden: int

    def __str__(self) -> str:
        return "x".join(map(str, self))


SHAPES = [BenchmarkShape(*sizes) for sizes in product((1, 16, 64), (25, 100), (128, 256, 512))]
ONE_SENTENCE, LARGE = BenchmarkShape(1, 25, 256), BenchmarkShape(64, 100, 256)


class BenchmarkCase:
    """The inputs of a shape, a stack, and the same as `nn.GRU`."""

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
        rows = 2 * 3 * hidden * DIRECTIONS  # operations a token and column of weights
        columns = hidden + hidden + (LAYERS - 1) * (DIRECTIONS * hidden + hidden)
        self.operations = int(self.lengths.sum()) * rows * columns

    def compiled(self, x: Tensor) -> Tensor:
        """By our kernel."""
        return self.stack(x, self.lengths)[0]

    def fallback(self, x: Tensor) -> Tensor:
        """By our layer without it."""
        with disabled():
            return self.stack(x, self.lengths)[0]

    def packed(self, x: Tensor) -> Tensor:
        """By `nn.GRU` on a packed sequence."""
        rows = nn.utils.rnn.pack_padded_sequence(x, self.lengths, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(self.module(rows)[0], batch_first=True, total_length=x.shape[1])[0]

    def padded(self, x: Tensor) -> Tensor:
        """By `nn.GRU` on everything, padding included."""
        return self.module(x)[0]

    def by_torch(self) -> dict[str, tuple[PeerFunction, nn.Module]]:
        """The peers that are functions of Torch, and what they take their weights from."""
        return {
            "grunlp": (self.compiled, self.stack),
            "fallback": (self.fallback, self.stack),
            "nn.GRU packed": (self.packed, self.module),
            "nn.GRU padded": (self.padded, self.module),
        }


def make_training_run(case: BenchmarkCase, peer: PeerFunction, module: nn.Module) -> Runnable:
    """A training step of a peer; gives the gradient of the input."""
    x = case.x.clone().requires_grad_()
    learning = [x, *module.parameters()]

    def step() -> Tensor | None:
        for tensor in learning:
            tensor.grad = None
        peer(x).backward(case.grad)
        return x.grad

    return step


def make_inference_run(case: BenchmarkCase, peer: PeerFunction) -> Runnable:
    """A prediction of a peer."""

    def step() -> Tensor:
        with torch.inference_mode():
            return peer(case.x)

    return step


def keras_run(case: BenchmarkCase, mode: str, threads: int) -> Runnable:
    """Training or inference by Keras on TensorFlow, without a mask, as one graph."""
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
    """Inference by ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = to_onnx(case.stack).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = {"input": case.x.numpy(), "lengths": case.lengths.int().numpy()}
    return lambda: session.run(["output"], given)[0]


def openvino_run(case: BenchmarkCase, mode: str, threads: int) -> Runnable:
    """Inference by OpenVINO."""
    import openvino

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    model = core.read_model(to_onnx(case.stack).SerializeToString(), b"")
    # fixed shapes (model.reshape) made it twice as slow here
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    given = {"input": case.x.numpy(), "lengths": case.lengths.int().numpy()}
    return lambda: request.infer(given)["output"]


# Other libraries by the module they need; each in a process of its own, so that no process has two pools.
EXTERNAL_LIBRARIES: dict[str, tuple[str, Callable[[BenchmarkCase, str, int], Runnable]]] = {
    "Keras": ("tensorflow", keras_run),
    "ONNX Runtime": ("onnxruntime", onnxruntime_run),
    "OpenVINO": ("openvino", openvino_run),
}


class LibraryProcess:
    """A library in a process of its own, with one run at a time."""

    def __init__(self, name: str, threads: int) -> None:
        self.name, self.loaded = name, False
        context = multiprocessing.get_context("spawn")
        self.connection, end = context.Pipe()
        context.Process(target=serve, args=(name, threads, end), daemon=True).start()

    def load(self, shape: BenchmarkShape, mode: str) -> Any:
        """Make the run, in place of the last, and return what it computes."""
        if self.loaded:
            self.connection.send(0)
        self.loaded = True
        self.connection.send((shape, mode))
        return self._answer()

    def seconds(self, loops: int) -> float:
        """See `timed`."""
        self.connection.send(loops)
        seconds: float = self._answer()
        return seconds

    def _answer(self) -> Any:
        try:
            return self.connection.recv()
        except EOFError:
            raise UserError(f"{self.name} ended", "its own message stands above", "Uninstall or repair it.") from None


def serve(name: str, threads: int, connection: Connection) -> None:
    """What such a process does."""
    torch.set_num_threads(threads)
    with suppress(EOFError):  # nobody asks any more
        while True:
            shape, mode = connection.recv()
            run = EXTERNAL_LIBRARIES[name][1](BenchmarkCase(shape), mode, threads)
            connection.send(run())
            while loops := connection.recv():
                connection.send(timed(run)(loops))


def large_matmul() -> tuple[Runnable, int]:
    """A large product of matrices, and its operations."""
    size = 1536
    left, right = torch.randn(2, size, size)
    return lambda: torch.mm(left, right), 2 * size**3


def timed(run: Runnable) -> Timer:
    """A function that runs it so many times and returns the seconds of one."""

    def seconds(loops: int) -> float:
        if loops > 1:
            run()  # brings its weights back into the cache, which a long run does by itself
        started = time.perf_counter()
        for _ in range(loops):
            run()
        return (time.perf_counter() - started) / loops

    return seconds


def alternate(timers: dict[str, Timer], repeats: int) -> dict[str, list[float]]:
    """Seconds of each, one after another in each repeat; short ones as often as make 20 ms."""
    loops = {name: max(1, int(0.02 / seconds(1))) for name, seconds in timers.items()}
    found: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(repeats):
        for name, seconds in timers.items():
            found[name].append(seconds(loops[name]))
    return found


def check_outputs(name: str, case: BenchmarkCase, expected: Tensor, found: Any) -> None:
    """What a peer computes agrees with `nn.GRU` packed: at all real steps, or in full rows when it heeds no lengths.

    Raises:
        AssertionError: it does not.
    """
    full = case.lengths[:, None] == case.x.shape[1]
    where = case.token_mask & full if name in ("nn.GRU padded", "Keras", "OpenVINO") else case.token_mask
    difference = (torch.as_tensor(found) - expected)[where].abs().max()
    assert difference < 1e-4 * expected.abs().max(), f"{name} is off by {difference}"


def measure(
    shape: BenchmarkShape, mode: str, others: dict[str, LibraryProcess], repeats: int
) -> dict[str, list[float]]:
    """Measure all peers at one shape and print a row of the table."""
    case = BenchmarkCase(shape)
    if mode == "training":
        runs = {name: make_training_run(case, peer, module) for name, (peer, module) in case.by_torch().items()}
    else:
        runs = {name: make_inference_run(case, peer) for name, (peer, _) in case.by_torch().items()}
    expected = runs["nn.GRU packed"]()
    timers = {}
    for name, run in runs.items():
        check_outputs(name, case, expected, run())
        timers[name] = timed(run)
    for name, other in others.items():
        if mode == "inference" or name == "Keras":
            check_outputs(name, case, expected, other.load(shape, mode))
            timers[name] = other.seconds
    large, operations = large_matmul()
    timers["product"] = timed(large)
    seconds = alternate(timers, repeats)
    peak = operations / statistics.median(seconds["product"])
    useful = case.operations * (3 if mode == "training" else 1)
    cells = []
    for name in COLUMNS:
        times = seconds.get(name)
        if times:
            middle, spread = statistics.median(times), (max(times) - min(times)) / 2 / statistics.median(times)
            cells.append(f"{middle * 1000:8.2f} {useful / middle / peak:4.0%} ±{spread:4.0%}")
        else:
            cells.append(f"{'–':>19}")
    print(f"{shape!s:>11}{mode:>10}{peak / 1e9:8.0f} " + " ".join(cells), flush=True)
    return seconds


def speedup(seconds: dict[str, list[float]], other: str) -> float:
    """How many times as long the other takes as our kernel."""
    return statistics.median(seconds[other]) / statistics.median(seconds["grunlp"])


def summarize(found: dict[tuple[BenchmarkShape, str], dict[str, list[float]]]) -> None:
    """Print what the table comes to."""
    modes = sorted({mode for _, mode in found}, reverse=True)
    for mode, peer in product(modes, ("nn.GRU packed", "nn.GRU padded")):
        steps = {shape: speedup(seconds, peer) for (shape, kind), seconds in found.items() if kind == mode}
        worst = min(steps, key=lambda shape: steps[shape])
        mean = statistics.geometric_mean(steps.values())
        print(f"{mode} against {peer}: {mean:.2f} times (geometric mean), at worst {steps[worst]:.2f}, at {worst}")
    if "Keras" in found.get((LARGE, "training"), {}):
        times = speedup(found[LARGE, "training"], "Keras")
        print(f"training against Keras, which computes the padding, at {LARGE}: {times:.2f} times")
    if (ONE_SENTENCE, "inference") in found:
        one = found[ONE_SENTENCE, "inference"]
        peers = [name for name in COLUMNS[2:] if name in one]
        print("one sentence: " + ", ".join(f"{speedup(one, name):.2f} times {name}" for name in peers))


def bfloat16_weights(repeats: int) -> None:
    """Inference of one sentence with weights in bfloat16, against float32."""
    case, half = BenchmarkCase(ONE_SENTENCE), BenchmarkCase(ONE_SENTENCE)
    half.stack.to_bfloat16_weights()
    timers = {
        "grunlp": timed(make_inference_run(case, case.compiled)),
        "half": timed(make_inference_run(half, half.compiled)),
    }
    seconds = alternate(timers, repeats)
    sizes = [sum(weights.nbytes for weights in one.stack.parameters()) for one in (case, half)]
    with torch.no_grad():
        error = (case.compiled(case.x) - half.compiled(case.x)).abs().max()
    print(
        f"bfloat16 weights, one sentence: {1 / speedup(seconds, 'half'):.2f} times as fast as float32, weights "
        f"of {sizes[1] / 1024:.0f} instead of {sizes[0] / 1024:.0f} KiB, outputs within {error:.1e}"
    )


def mingru(repeats: int) -> None:
    """Training of minimal GRUs against GRUs over one long sequence."""
    long = BenchmarkCase(BenchmarkShape(1, 4096, 256))
    minimal = StackedGRU(256, 256, LAYERS, DIRECTIONS == 2, 0.0, "none", "mingru")
    peers: dict[str, tuple[PeerFunction, nn.Module]] = {
        "grunlp": (lambda x: minimal(x, long.lengths)[0], minimal),
        "GRU": (long.compiled, long.stack),
        "nn.GRU": (long.padded, long.module),
    }
    seconds = alternate({name: timed(make_training_run(long, *peer)) for name, peer in peers.items()}, repeats)
    times = {name: statistics.median(values) * 1000 for name, values in seconds.items()}
    print(
        f"minimal GRU at 1x4096x256, training: {times['grunlp']:.0f} ms, GRU {times['GRU']:.0f} ms "
        f"({speedup(seconds, 'GRU'):.1f} times), nn.GRU {times['nn.GRU']:.0f} ms "
        f"({speedup(seconds, 'nn.GRU'):.1f} times)"
    )


def saved_memory() -> None:
    """What autograd keeps between the passes, without parameters and input."""
    case = BenchmarkCase(LARGE)
    sizes = {}
    for name, (peer, _) in case.by_torch().items():
        kept: dict[int, int] = {}

        def keep(tensor: Tensor, kept: dict[int, int] = kept) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        x = case.x.clone().requires_grad_()
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            outputs = peer(x)
        for tensor in (x, *case.stack.parameters(), *case.module.parameters()):
            kept.pop(tensor.untyped_storage().data_ptr(), None)
        sizes[name] = sum(kept.values()) / 2**20
        del outputs
    print(
        f"memory kept for backward at {LARGE}: " + ", ".join(f"{name} {size:.0f} MiB" for name, size in sizes.items())
    )


def check_determinism(shapes: list[BenchmarkShape], threads: int) -> None:
    """Outputs and all gradients on 1, 2 and 4 threads."""
    for shape in shapes:
        case = BenchmarkCase(shape)
        results: list[dict[str, Tensor]] = []
        for number in (1, 2, 4):
            torch.set_num_threads(number)
            x = case.x.clone().requires_grad_()
            outputs, final = case.stack(x, case.lengths)
            names = ["input", *(name for name, _ in case.stack.named_parameters())]
            gradients = torch.autograd.grad(outputs, [x, *case.stack.parameters()], case.grad)
            results.append({"outputs": outputs, "final": final, **dict(zip(names, gradients, strict=True))})
        first, *others = results
        differ = [name for name in first if not all(torch.equal(first[name], other[name]) for other in others)]
        print(
            f"on 1, 2 and 4 threads at {shape}: {'other bits in ' + ', '.join(differ) if differ else 'the same bits'}"
        )
    torch.set_num_threads(threads)


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Measure and print."""
    given = parse_arguments(arguments, DEFAULTS)
    shapes = [shape for shape in SHAPES if given["only"] in ("", str(shape))]
    if not shapes:
        raise UserError(
            f"only={given['only']}: no such shape", f"there are: {', '.join(map(str, SHAPES))}", "Take one."
        )
    modes = [mode for mode in MODES if given["mode"] in ("both", mode)]
    if not modes:
        raise UserError(f"mode={given['mode']}: no such mode", f"there are: both, {', '.join(MODES)}", "Take one.")
    if not is_enabled():
        raise UserError(
            "no compiled recurrence to measure", "see the line above", "Install a C++ compiler and grunlp again."
        )
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    torch.set_num_threads(given["threads"])
    titles = " ".join(f"{name:>19}" for name in COLUMNS)
    print(f"{'BxTxH':>11}{'':10}{'GFLOP/s':>8} {titles}")
    others = {
        name: LibraryProcess(name, given["threads"])
        for name, (module, _) in EXTERNAL_LIBRARIES.items()
        if find_spec(module)
    }
    found = {(shape, mode): measure(shape, mode, others, given["repeats"]) for mode, shape in product(modes, shapes)}
    summarize(found)
    bfloat16_weights(given["repeats"])
    mingru(given["repeats"])
    saved_memory()
    check_determinism(shapes, given["threads"])
    return 0


if __name__ == "__main__":
    main()
