from farm.contract.meant import NAMED, meant, nearest, offered


def test_the_nearest_word_is_offered_whatever_the_case_of_its_letters() -> None:
    assert offered("OpenVIN", ["cpu", "openvino"]) == "did you mean openvino?"
    assert offered("bert-tiny", ["BERT-tiny", "gpt2"]) == "did you mean BERT-tiny?"


def test_where_none_is_near_the_known_ones_are_named_up_to_so_many() -> None:
    words = [f"w{place}" for place in range(NAMED + 2)]
    assert offered("nothing-like-it", ["cpu", "openvino"]) == "known: cpu, openvino"
    assert offered("nothing-like-it", words) == f"known: {', '.join(words[:NAMED])}, … (2 more)"
    assert offered("x", []) == "known: none yet"


def test_how_near_a_word_must_be_can_be_said() -> None:
    assert meant("runs", ["rungs"], likeness=0.7) == "rungs"
    assert meant("runs", ["rungs"], likeness=0.95) is None


def test_words_are_written_as_people_type_them() -> None:
    assert offered("brokr_url", ["broker_url"], written=str.upper) == "did you mean BROKER_URL?"
    assert offered("x", ["broker_url"], written=str.upper) == "known: BROKER_URL"


def test_a_line_of_a_file_is_told_all_that_is_allowed() -> None:
    assert nearest("bf61", ["fp32", "bf16"]) == "allowed: fp32, bf16; did you mean bf16?"
    assert nearest("bf61", []) == "allowed: nothing"
