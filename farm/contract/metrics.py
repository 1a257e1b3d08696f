"""Every metric the farm may store: name, unit, better direction, meaning and how it is measured."""

from typing import Final, Literal, NamedTuple

Better = Literal["lower", "higher", "neither"]
Unit = Literal["s", "bytes", "items/s", "tokens/s", "queries/s", "J", "FLOP", "FLOP/s", "bytes/s", "1"]


class Metric(NamedTuple):
    """One row of the table of metrics."""

    name: str
    unit: Unit
    better: Better
    title: str
    meaning: str


_ROWS: Final = (
    Metric("latency", "s", "lower", "Latency", "Wall time of one call with its whole batch, device synchronised."),
    Metric("throughput", "items/s", "higher", "Throughput", "Batch items divided by the wall time of the call."),
    Metric("latency_per_item", "s", "lower", "Time per item", "Wall time of one call divided by its batch items."),
    Metric(
        "sustained_throughput",
        "items/s",
        "higher",
        "Sustained",
        "Batch items of all timed calls divided by the wall time of the loop (scenario throughput).",
    ),
    Metric(
        "server_latency",
        "s",
        "lower",
        "Server latency",
        "From the scheduled arrival of a query to its answer, however late its call began. Not of an overloaded run.",
    ),
    Metric(
        "queueing_time",
        "s",
        "lower",
        "Queueing",
        "From the scheduled arrival of a query to the start of its call. Not of an overloaded run.",
    ),
    Metric("service_time", "s", "lower", "Service", "Wall time of one call between arrivals, with its whole batch."),
    Metric(
        "offered_rate", "queries/s", "neither", "Offered", "Queries that arrived per second, by the drawn schedule."
    ),
    Metric("achieved_rate", "queries/s", "higher", "Served", "Queries answered per second of the timed loop."),
    Metric(
        "highest_rate",
        "queries/s",
        "higher",
        "Highest rate",
        "Highest rate of arrivals found at which the percentile of the latency stayed within its bound; 0: none.",
    ),
    Metric(
        "loop_time",
        "s",
        "neither",
        "Timed loops",
        "Wall time of the timed loop, with waits for arrivals and a search before it (throughput and server).",
    ),
    Metric(
        "build_time", "s", "neither", "Build", "Building or fetching the model folder; only where it was not cached."
    ),
    Metric(
        "conversion_time", "s", "lower", "Conversion", "Turning the model into the runtime's own format; not cached."
    ),
    Metric("load_time", "s", "lower", "Load", "From the folder on disk to a model ready for its first call."),
    Metric("compile_time", "s", "lower", "Compile", "The part of loading in which the runtime compiled the model."),
    Metric("first_inference_time", "s", "lower", "First call", "Wall time of the very first call after loading."),
    Metric("preprocessing_time", "s", "lower", "Preprocessing", "Turning raw input into model input, on the CPU."),
    Metric("memory_peak", "bytes", "lower", "Memory peak", "Highest resident set of the process (VmHWM)."),
    Metric(
        "memory_growth", "bytes", "lower", "Memory growth", "Peak resident set less that before the model was loaded."
    ),
    Metric(
        "memory_unique",
        "bytes",
        "lower",
        "Memory unique",
        "Unique set (USS) after the timed loop less that before loading.",
    ),
    Metric(
        "device_memory_allocated",
        "bytes",
        "lower",
        "Device allocated",
        "Peak of the memory that tensors held on the GPU.",
    ),
    Metric(
        "device_memory_reserved",
        "bytes",
        "lower",
        "Device reserved",
        "Peak of the memory that the allocator held on the GPU.",
    ),
    Metric(
        "cpu_utilisation", "1", "neither", "CPU use", "CPU seconds of the process per wall second of the timed loop."
    ),
    Metric("cpu_time", "s", "lower", "CPU time", "CPU seconds of the process per timed call, all its threads."),
    Metric(
        "host_energy",
        "J",
        "lower",
        "Host energy",
        "Energy of all processor packages per timed call (RAPL), whatever else they did meanwhile.",
    ),
    Metric(
        "gpu_energy", "J", "lower", "GPU energy", "Energy of the GPU per timed call (NVML), its idle power included."
    ),
    Metric("embedding_dimension", "1", "neither", "Dimension", "Width of one embedding."),
    Metric(
        "time_to_first_token",
        "s",
        "lower",
        "First token",
        "From the call to the first generated token: encoder, vision tower and prompt included.",
    ),
    Metric("inter_token_latency", "s", "lower", "Per token", "Time between two generated tokens after the first."),
    Metric(
        "prefill_tokens_per_second",
        "tokens/s",
        "higher",
        "Prefill",
        "Prompt tokens of the batch, a picture's included, per second to the first token.",
    ),
    Metric(
        "decode_tokens_per_second",
        "tokens/s",
        "higher",
        "Decode",
        "Generated tokens of the batch per second after the first.",
    ),
    Metric("realtime_factor", "1", "higher", "Realtime factor", "Seconds of audio processed per second of wall time."),
    Metric(
        "time_per_30s_audio",
        "s",
        "lower",
        "Per 30 s audio",
        "Wall time for 30 seconds of audio, feature extraction left out.",
    ),
    Metric("encoder_time", "s", "lower", "Encoder", "The encoder's part of one call."),
    Metric("decoder_time", "s", "lower", "Decoder", "The decoder's part of one call, all its tokens."),
    Metric("time_per_frame", "s", "lower", "Per frame", "Wall time of one call divided by its frames."),
    Metric("generation_time", "s", "lower", "Generation", "All generated tokens after the first."),
    Metric(
        "flops_per_call",
        "FLOP",
        "neither",
        "Work",
        "Floating-point operations of one call at least: matrix products, convolutions, attention.",
    ),
    Metric(
        "bytes_per_call",
        "bytes",
        "neither",
        "Traffic",
        "Least bytes of one call: weights once per pass at the precision's width, keys and values, inputs, outputs.",
    ),
    Metric("achieved_flops", "FLOP/s", "higher", "Achieved compute", "The call's operations by its median latency."),
    Metric("achieved_bandwidth", "bytes/s", "higher", "Achieved bandwidth", "The call's bytes by its median latency."),
    Metric(
        "roofline_fraction",
        "1",
        "higher",
        "Of the roof",
        "Least time that the device's measured peaks allow, pass by pass, divided by the median latency.",
    ),
)

METRICS: Final[dict[str, Metric]] = {row.name: row for row in _ROWS}


def unit_of(metric: str) -> str:
    """Give the unit of a metric; none for one that a newer program stored and this one does not know."""
    known = METRICS.get(metric)
    return known.unit if known else ""
