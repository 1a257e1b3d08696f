"""Thirty seconds of audio to text: by encoder and decoder, or letter by letter in one pass (CTC)."""

from typing import Final

from workers.families._ctc import Spelling
from workers.families._transcription import Writing
from workers.workload import Family

HEADS: Final = {
    "WhisperForConditionalGeneration": "SpeechSeq2Seq",
    "Speech2TextForConditionalGeneration": "SpeechSeq2Seq",
    "ForCTC": "CTC",
}
AXES: Final = ("batch_size", "new_tokens")
ITEM: Final = "clip of 30 s"
COLUMNS: Final = ("realtime_factor", "time_per_30s_audio", "preprocessing_time", "encoder_time", "decoder_time")

WORKLOADS: Final[Family] = Writing()
WORKLOADS_OF_HEAD: Final[dict[str, Family]] = {"CTC": Spelling()}
