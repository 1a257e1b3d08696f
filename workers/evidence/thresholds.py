"""Every threshold that evidence is judged by, in one table, each with its reason or source."""

from collections.abc import Mapping
from typing import Final

#: Agreement: least cosine between an answer and that of PyTorch on the CPU in fp32.
LEAST_COSINE: Final[Mapping[str, float]] = {
    "fp32": 0.9999,  # another order of summation; 0.99999 and better was seen for every model
    "tf32": 0.999,  # 10 bits of mantissa in products
    "fp16": 0.999,  # 10 bits of mantissa throughout
    "bf16": 0.99,  # 7 bits of mantissa throughout; 0.999 was seen for deep models
    "int8": 0.98,  # weights in 8 bits; 0.9995 was seen for gpt2
}

#: Identity: weights of a graph as shares of the model's. A graph may fold or drop a few (an unused pooler, position
#: ids), adds constants of its own, and may hold tied embeddings twice.
LEAST_OF_GRAPH: Final = 0.90
MOST_OF_GRAPH: Final = 1.35

#: Sensitivity: how far two timed calls with one input may differ, relative and absolute. Threads sum in varying order.
SAME_OUTPUT: Final = 1e-3

#: Plausibility: least seconds that the process ran, or waited for a processor, per second of the timed loop. A loop of
#: calls always has one thread at work, here or in the driver's wait, and honest ones were seen at 1.6 and more with two
#: threads; a sleeping one is at 0.0. Half leaves room for short waits between threads.
LEAST_AT_WORK: Final = 0.5

#: Plausibility: a call with W times the work must take at least 1 + this x (W - 1) times as long. Honest calls were
#: seen at 0.3 and more (fixed costs, weights that are read once for a larger batch); constant time is 0, give or take
#: the noise.
LEAST_GROWTH: Final = 0.1

#: Plausibility: least ratio of work, by the roofline, at which growth can be told from the noise of a shared machine.
LEAST_MORE_WORK: Final = 1.3

#: Plausibility: least share of a call's time that the difference in work needs by the roofline for another size to be
#: felt. It is twice the growth that is asked of twice the work: with less, calls of nothing but fixed costs (bert-tiny
#: with 32 tokens; few tokens after a large picture) were told to grow and on a busy machine did not.
LEAST_FELT: Final = 0.2
