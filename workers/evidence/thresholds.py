"""Every threshold that evidence is judged by, in one table, each with its reason or source."""

from collections.abc import Mapping
from typing import Final

#: Agreement: least cosine between an answer and that of PyTorch on the CPU in fp32.
LEAST_COSINE: Final[Mapping[str, float]] = {
    "fp32": 0.9999,  # another order of summation; 0.99999 and better was seen for every model
    "tf32": 0.999,  # 10 bits of mantissa in products
    "fp16": 0.999,  # 10 bits of mantissa throughout
    "bf16": 0.99,  # 7 bits of mantissa throughout; 0.999 was seen for deep models
    "int8": 0.98,  # weights in 8 bits; 0.9995 was seen for gpt2, 0.998 for the texts of xclip
}

#: Agreement: most that an answer may be away from the reference, relative to the reference's own length. Where the
#: outputs of all inputs are nearly alike, a cosine hardly tells bf16 from fp32; the distance does.
MOST_ERROR: Final[Mapping[str, float]] = {
    "fp32": 5e-4,  # 2e-6 was seen for most models; bf16 is 3e-3 away and more
    "tf32": 0.045,  # what a cosine of 0.999 allows
    "fp16": 0.045,
    "bf16": 0.142,  # what a cosine of 0.99 allows
    "int8": 0.2,  # what a cosine of 0.98 allows
}

#: Agreement: how far below the best score of the reference a token of a timed call may lie, in standard deviations of
#: the scores. The best of 50,000 random scores is 4 above their mean, and 0.2 above the second.
MOST_BEHIND: Final[Mapping[str, float]] = {
    "fp32": 0.01,
    "tf32": 0.1,
    "fp16": 0.1,
    "bf16": 0.3,  # 0.02 was seen
    "int8": 0.5,  # 0.08 was seen
}

#: Sensitivity: an answer may be away from its own reference by at most so much of the way to the nearest reference of
#: another input. At 0.5 and more it would be no nearer to its own than to the other.
MOST_CONFUSED: Final = 0.5

#: Sensitivity: references nearer than this to each other, relative to their length, are not told apart in a precision.
ROUNDING: Final[Mapping[str, float]] = {
    "fp32": 1e-4,
    "tf32": 4e-3,
    "fp16": 4e-3,
    "bf16": 0.05,
    "int8": 0.1,
}

#: Identity: least share of the parameters in the files that the model described beside them has. A folder may hold
#: heads that are not used; one whose configuration names half of its layers is another model.
LEAST_OF_FILES: Final = 0.55

#: Identity: weights of a graph as shares of the model's. A graph may fold or drop a few (an unused pooler, position
#: ids), adds constants of its own, and may hold tied embeddings twice.
LEAST_OF_GRAPH: Final = 0.90
MOST_OF_GRAPH: Final = 1.35

#: Identity: least share of the reference's FLOPs, and of the elements that it read, that PyTorch is seen to make and
#: read in a call. The same model makes and reads exactly as many; the rest is room for another kernel of attention.
LEAST_OF_WORK: Final = 0.95

#: Placement: most share of the reference's FLOPs that PyTorch may make in a call of another runtime: what joins the
#: parts of a model (a picture's tokens and a prompt's) multiplies nothing.
MOST_BESIDE: Final = 0.01

#: Placement: least share of the FLOPs that are made in the type asked for. A few sums, such as rotary positions, are
#: kept in fp32 by every model.
LEAST_IN_TYPE: Final = 0.9

#: Sensitivity: how far two timed calls with one input may differ, relative and absolute. Threads sum in varying order.
SAME_OUTPUT: Final = 1e-3

#: Sensitivity: the same for a call that is looked at, and so taken apart into its operations: the distance from a timed
#: call, relative to its length. In fp32 it tells a model that computes in bf16 unless it is looked at (3e-4).
SAME_WATCHED: Final[Mapping[str, float]] = {**ROUNDING, "fp32": 1e-4}

#: Plausibility: least share of the timed loop that threads ran, of the time in which they need not wait for a
#: processor. A loop of calls always has one thread at work, here or in the driver's wait, and honest ones were seen at
#: 0.9 and more; a sleeping one is at 0.0. Half leaves room for short waits between threads.
LEAST_AT_WORK: Final = 0.5

#: Plausibility: most threads at work beyond those that the job may use. All of a runtime's threads together run for as
#: many times the loop as there are of them.
MOST_BESIDE_THREADS: Final = 0.5

#: Plausibility: most processors that processes of the implementation's own may keep at work in the timed loop. Those
#: that wait, as PyTorch's compilers do, take none; the kernel counts in hundredths of a second.
MOST_HELPED: Final = 0.1

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

#: Plausibility: how many times as long as the others a call with new inputs may take, the fastest of several. The work
#: is the same; what is remembered for known inputs is faster by orders of magnitude. Looked at twice before it fails.
MOST_SURPRISED: Final = 1.5

#: Plausibility: the same within the timed loop alone, whatever a second look says: an implementation that remembers
#: only while it is timed shows it there. Far above what noise does to the fastest of three calls.
SURELY_SURPRISED: Final = 5.0

#: Plausibility: the same for the last four calls with new inputs in a long loop, the least of them, each beside its own
#: neighbours: an implementation that remembers only after many calls shows it there. Noise must hit all four alone.
LATELY_SURPRISED: Final = 2.0

#: Plausibility: how far the farm's clock may be from the kernel's raw one over the timed loop, relative, and in seconds
#: for loops so short that the moment between two readings counts. The clock is steered by 0.0005 at most.
CLOCKS_DIFFER: Final = 0.005
CLOCK_TICK: Final = 0.005

#: Plausibility: most of a call's time that placing its inputs, or reading what it gave, may take, and the seconds
#: below which nobody looks. Both are copies: 0.003 was seen of reading, 0.02 of placing (bert-tiny, calls of 2 ms).
#: What is computed ahead, or only when it is looked at, takes a whole call. Beside a GPU the same copies are made by
#: the host, and calls are short there.
MOST_BESIDE_TIME: Final = 0.1
MOST_BESIDE_TIME_OF_GPU: Final = 0.5
BESIDE_TICK: Final = 2e-4
