import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.zoo import building, vocabularies
from workers.zoo.weights import count_parameters

Built = Callable[[str], Path]

MODELS = [name for name in building.names() if name != "fake-model"]
PUBLISHED = {
    "bert-tiny": ("text_embedding", 4_385_920),
    "clap": ("audio_text", 153_492_890),
    "clip": ("image_text", 151_277_313),
    "gpt2": ("text_generation", 124_439_808),
    "llava": ("image_text_to_text", 4_336_576),
    "llava-next": ("image_text_to_text", 4_336_640),
    "minilm": ("text_embedding", 22_713_216),
    "opt-125m": ("text_generation", 125_239_296),
    "t5-efficient-tiny": ("text_to_text", 15_570_688),
    "videomae": ("video", 94_221_696),
    "wav2vec2-tiny": ("speech_to_text", 27_280),
    "whisper-tiny": ("speech_to_text", 37_760_640),
    "xclip": ("video_text", 196_585_729),
}


REBUILD = """
import hashlib, json, shutil, sys
from pathlib import Path
from workers.zoo.building import build_model
for name in sys.argv[2:]:
    folder = Path(sys.argv[1]) / name
    folder.mkdir(parents=True)
    build_model(name, folder)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    hashes = {file: hashlib.sha256(path.read_bytes()).hexdigest() for file, path in files.items()}
    print(json.dumps([name, hashes]), flush=True)
    shutil.rmtree(folder)
"""
RESOLVE = """
import sys
from pathlib import Path
from farm.contract.job import ModelReference
from workers import models
name = "wav2vec2-tiny"
reference = ModelReference(name=name, source="zoo", location=name, family="speech_to_text")
print("ready", flush=True)
sys.stdin.readline()
found = models.resolve(reference, cache_dir=Path(sys.argv[1]), model_roots=(), remote_code=(), offline=True)
print(found.path, found.seconds > 0, flush=True)
"""


def resolving(cache_dir: Path) -> "subprocess.Popen[str]":
    """Start a process that builds a model into the cache when it is told to, and wait until it has its imports."""
    command = [sys.executable, "-c", RESOLVE, str(cache_dir)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Give any model of the zoo, built when a test first asks for it."""
    root = tmp_path_factory.mktemp("zoo")

    def get(name: str) -> Path:
        folder = root / name
        if not folder.exists():
            folder.mkdir()
            building.build_model(name, folder)
        return folder

    yield get
    shutil.rmtree(root)  # some gigabytes


def test_the_facts_are_the_published_ones() -> None:
    facts = {name: building.read_facts(name) for name in MODELS}
    assert {name: (fact.family, fact.parameters) for name, fact in facts.items()} == PUBLISHED


def test_reading_facts_imports_no_model() -> None:
    code = """
import sys
from workers.zoo.building import names, read_facts
for name in names():
    read_facts(name)
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.models
@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_its_published_parameters_and_loads_whole(name: str, built: Built) -> None:
    import transformers

    folder = built(name)
    config = transformers.AutoConfig.from_pretrained(folder)
    model, info = getattr(transformers, config.architectures[0]).from_pretrained(folder, output_loading_info=True)
    assert {key: found for key, found in info.items() if found} == {}
    assert model.num_parameters() == count_parameters(folder) == PUBLISHED[name][1]
    assert transformers.AutoProcessor.from_pretrained(folder) is not None


@pytest.mark.models
def test_every_model_is_built_bit_for_bit_the_same_twice(tmp_path: Path, built: Built) -> None:
    environment = os.environ | {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", REBUILD, str(tmp_path), *MODELS]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    again = dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    assert again.keys() == {*MODELS}
    for name, hashes in again.items():
        assert hashes == contents(built(name)), name
        assert "model.safetensors" in hashes


@pytest.mark.models
def test_two_processes_that_want_one_model_at_once_build_it_once(tmp_path: Path) -> None:
    processes = [resolving(tmp_path) for _ in range(2)]
    for process in processes:
        go(process)
    told = [process.communicate(timeout=120)[0].split() for process in processes]
    assert len({path for path, _ in told}) == 1
    assert sorted(made for _, made in told) == ["False", "True"]


@pytest.mark.models
def test_a_model_whose_builder_is_killed_is_not_there_and_is_built_anew(tmp_path: Path) -> None:
    killed = resolving(tmp_path)
    go(killed)
    while not list(tmp_path.glob("models/.*.part/*")):
        assert killed.poll() is None, "it was built before it could be killed"
    killed.kill()
    killed.wait()
    assert [path for path in (tmp_path / "models").iterdir() if not path.name.startswith(".")] == []
    again = resolving(tmp_path)
    go(again)
    path, made = again.communicate(timeout=120)[0].split()
    assert made == "True"
    assert count_parameters(Path(path)) == PUBLISHED["wav2vec2-tiny"][1]
    assert list(tmp_path.glob("models/.*.part")) == []


@pytest.mark.models
def test_building_leaves_torchs_own_random_numbers_alone(tmp_path: Path) -> None:
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    building.build_model("wav2vec2-tiny", tmp_path)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.models
@pytest.mark.parametrize(
    "name", ["bert-tiny", "gpt2", "opt-125m", "t5-efficient-tiny", "clip", "clap", "llava", "whisper-tiny"]
)
def test_common_words_are_one_token_each_and_come_back(name: str, built: Built) -> None:
    import transformers

    processor = transformers.AutoProcessor.from_pretrained(built(name))
    tokenizer = getattr(processor, "tokenizer", processor)
    text = " the photo of a cat"
    tokens = tokenizer(text, add_special_tokens=False).input_ids
    assert len(tokens) == (7 if name == "clip" else 5)  # CLIP's words have no mark at their beginning: see byte_bpe
    assert tokenizer.decode(tokens).strip() == text.strip()


@pytest.mark.models
@pytest.mark.parametrize("name", sorted({*MODELS} - {"videomae"}))
def test_no_token_is_outside_the_models_vocabulary(name: str, built: Built) -> None:
    import transformers

    processor = transformers.AutoProcessor.from_pretrained(built(name))
    tokenizer = getattr(processor, "tokenizer", processor)
    size = transformers.AutoConfig.from_pretrained(built(name)).get_text_config().vocab_size
    assert max(tokenizer.get_vocab().values()) < size
    assert len(set(tokenizer.get_vocab().values())) == len(tokenizer)


@pytest.mark.models
def test_whisper_knows_its_languages_and_tasks(built: Built) -> None:
    import numpy
    import transformers

    folder = built("whisper-tiny")
    processor = transformers.AutoProcessor.from_pretrained(folder)
    tokenizer = processor.tokenizer
    special = ["<|endoftext|>", "<|en|>", "<|su|>", "<|transcribe|>", "<|notimestamps|>", "<|0.00|>", "<|30.00|>"]
    assert tokenizer.convert_tokens_to_ids(special) == [50257, 50259, 50357, 50359, 50363, 50364, 51864]
    model = transformers.WhisperForConditionalGeneration.from_pretrained(folder)
    audio = numpy.random.default_rng(0).standard_normal(16000).astype("float32")
    features = processor(audio, sampling_rate=16000, return_tensors="pt").input_features
    spoken = model.generate(features, language="de", task="transcribe", min_new_tokens=3, max_new_tokens=3)
    assert spoken.shape[-1] >= 3


@pytest.mark.models
def test_minilm_says_how_its_tokens_become_an_embedding(built: Built) -> None:
    pooling = json.loads((built("minilm") / "1_Pooling" / "config.json").read_text())
    assert pooling["pooling_mode_mean_tokens"] is True
    assert pooling["word_embedding_dimension"] == 384


def test_vocabularies_have_exactly_the_asked_size_and_no_gaps() -> None:
    for tokens in (
        vocabularies.wordpiece(5000),
        vocabularies.byte_bpe(5000)[0],
        vocabularies.byte_bpe(5000, word_end="$")[0],
    ):
        assert sorted(tokens.values()) == list(range(5000))
    assert len({piece for piece, _ in vocabularies.unigram(5000, first=("<pad>",))}) == 5000


def test_every_merge_joins_and_makes_tokens() -> None:
    tokens, merges = vocabularies.byte_bpe(5000)
    assert all({left, right, left + right} <= set(tokens) for left, right in merges)


def test_words_are_distinct_and_plenty() -> None:
    words = vocabularies.words()
    assert len(set(words)) == len(words) == vocabularies.WORDS
    assert all(word.isascii() and word.islower() and word.isalpha() for word in words)


def test_a_vocabulary_that_the_words_cannot_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 60000 words"):
        vocabularies.byte_bpe(1_000_000)
