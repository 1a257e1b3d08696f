"""The processor as the kernel tells it, and as the library tells it where the kernel does not."""

from pathlib import Path

import cpuinfo

from workers.processor import Processor, processor

INTEL = "model name\t: Intel(R) Xeon(R)\nflags\t\t: fpu avx2 amx_tile\n\nmodel name\t: another\nflags\t: none\n"
ARM = "processor\t: 0\nFeatures\t: asimd sve\nCPU part\t: 0xd40\n"


def test_the_first_block_tells_model_and_flags(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(INTEL)
    assert processor(told) == Processor("Intel(R) Xeon(R)", frozenset({"fpu", "avx2", "amx_tile"}))


def test_a_kernel_that_names_no_model_is_not_the_last_word(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(ARM)
    assert processor(told).model == str(cpuinfo.get_cpu_info().get("brand_raw"))
    assert processor(tmp_path / "missing") == processor(told)


def test_kernel_and_library_agree_about_this_box(tmp_path: Path) -> None:
    ours, library = processor(), cpuinfo.get_cpu_info()
    assert ours.model.split() == str(library["brand_raw"]).split()
    known = {"avx2", "avx512f", "amx_tile", "asimd"}
    assert ours.flags & known == set(library["flags"]) & known
