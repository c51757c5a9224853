"""The training scripts, end to end on a made-up encoder of a few kilobytes and a small sample."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")

from models.builtin import load  # noqa: E402 (after the skips)
from models.calibration import is_settled, to_probabilities  # noqa: E402
from models.encoder import FILES, OnnxEncoder  # noqa: E402
from models.framing import Framed, frame  # noqa: E402
from models.heads import CHOICES, COLUMNS, HEADS, LOGITS  # noqa: E402
from models.shipped import VERSION  # noqa: E402
from models.training import encoder as training  # noqa: E402
from models.training.calibrate import STRAYS, choose_threshold, fit, settle  # noqa: E402
from models.training.corpus import TEXTS, encode_gold, load_rows, load_written  # noqa: E402
from models.training.labelled import (  # noqa: E402
    LABELS,
    PREFIX,
    digest,
    find_texts,
    join_reading,
    load_labelled,
)
from models.training.linear import train_linear  # noqa: E402
from models.training.recipe import STAGES, Stage, choose_rows, origin  # noqa: E402
from models.training.run import Run, thaw  # noqa: E402
from models.training.ship import ship  # noqa: E402
from models.training.unpack import read_source  # noqa: E402
from models.types import Utterance  # noqa: E402

HIDDEN, LAYERS, INNER, POSITIONS = 64, 6, 96, 130
WORDS = ["gut", "schlecht", "▁der", "▁zug", "▁good", "▁bad", "▁the", "▁train", "▁bitte", "en", "er"]
SIGNS = [*"▁abcdefghijklmnopqrstuvwxyzäöüßABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?:;@#<>|'\"-_()"]
PIECES = ["<s>", "<pad>", "</s>", "<unk>", *dict.fromkeys([*WORDS, *SIGNS]), "<mask>"]


def write_source(path: Path, seed: int = 3) -> None:
    """Write a file of the kind `read_source` reads, with random weights."""
    rng = np.random.default_rng(seed)
    rows = len(PIECES)
    text = [piece.encode() for piece in PIECES]
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in text])])
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7ifi", HIDDEN, LAYERS, 2, INNER, rows, POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", rows, 0, 2, 1, 3, int(offsets[-1]))
    head += offsets.astype("<u4").tobytes()
    head += np.linspace(-2, -9, rows).astype("<f4").tobytes() + b"".join(text)
    head += struct.pack("<iI", 0, 0)
    floats = {"emb.pos": POSITIONS * HIDDEN, "emb.type": 2 * HIDDEN}
    floats |= {"emb.ln.w": HIDDEN, "emb.ln.b": HIDDEN}
    packed = {"emb.word": rows * HIDDEN}
    for number in range(LAYERS):
        at = f"l{number}."
        names = ("q.b", "k.b", "v.b", "ao.b", "fo.b", "aln.w", "aln.b", "oln.w", "oln.b")
        floats |= {f"{at}{name}": HIDDEN for name in names} | {f"{at}fi.b": INNER}
        packed |= {f"{at}{name}.w": HIDDEN * HIDDEN for name in ("q", "k", "v", "ao")}
        packed |= {f"{at}{name}.w": HIDDEN * INNER for name in ("fi", "fo")}
    parts: list[tuple[str, int, int, bytes]] = []
    for name, count in floats.items():
        scale = 1.0 if name.endswith("ln.w") else 0.05
        value = np.full(count, 1.0) if name.endswith("ln.w") else rng.normal(0, scale, count)
        parts.append((name, 0, count, value.astype("<f4").tobytes()))
    for name, count in packed.items():
        blocks = np.zeros((count // 32, 18), np.uint8)
        blocks[:, :2] = np.full(count // 32, 0.02, "<f2").view(np.uint8).reshape(-1, 2)
        blocks[:, 2:] = rng.integers(0, 256, (count // 32, 16))
        parts.append((name, 1, count, blocks.tobytes()))
    size = 4 + sum(2 + len(name) + 21 for name, *_ in parts)
    at_byte, directory = len(head) + size, struct.pack("<i", len(parts))
    for name, kind, count, raw in parts:
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, at_byte, len(raw))
        at_byte += len(raw)
    path.write_bytes(head + directory + b"".join(raw for *_, raw in parts))


def write_data(folder: Path) -> None:
    """Write a data folder of the usual form with a handful of made-up rows."""
    folder.mkdir()
    moods = {"negative": "schlecht", "neutral": "der zug", "positive": "gut"}
    tweets = [
        {"text": f"{word} {sign * 3}", "lang": "de", "source": "made", "sentiment": mood}
        | {"split": "dev" if sign in "xyz" else "train"}
        for sign in "abcdefgxyz"
        for mood, word in moods.items()
    ]
    rude = [
        {
            "text": f"bad {i}" if i % 2 else f"good {i}",
            "lang": "en",
            "source": "made",
            "toxic": i % 2 == 1,
        }
        | {"split": "dev" if i > 7 else "train"}
        for i in range(12)
    ]
    gold = {"sentiment": "negative", "initiator": "customer", "kind": "supply", "toxic": False}
    posts = [
        {"id": f"p{i}", "text": f"post {i}", "lang": "en", "source": "made"}
        | {"gold": {**gold, "kind": list(CHOICES["kind"])[i % 3], "idea": i % 2 == 0}}
        for i in range(12)
    ]
    thread = {"thread": "t", "lang": "en", "platform": "x", "company": "Acme", "posts": []}
    _write(folder / "sentiment.jsonl.gz", tweets)
    _write(folder / "toxic.jsonl.gz", rude)
    _write(folder / "codebook_train.jsonl.gz", posts[:6])
    _write(folder / "codebook_dev.jsonl", posts[6:])
    _write(folder / "threads_dev.jsonl", [thread])


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the data folder and the work folder after the step `prepare`, on a small sample."""
    base = tmp_path_factory.mktemp("training")
    write_source(base / "source.bin")
    write_data(base / "data")
    torch.set_num_threads(1)
    training.prepare(base / "source.bin", base / "data", base / "work", share=0.05)
    return base / "data", base / "work"


def test_the_source_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_source(tmp_path / "source.bin")
    source = read_source(tmp_path / "source.bin")
    assert source.shape.hidden == HIDDEN
    assert [piece for piece, _ in source.pieces] == PIECES
    table = source.matrix("emb.word", len(PIECES))
    assert table.shape == (len(PIECES), HIDDEN)
    first = source.packed["emb.word"].codes[0]
    assert table[0, 0] == pytest.approx((int(first[0] & 15) - 8) * 0.02, abs=1e-4)
    assert table[0, 16] == pytest.approx((int(first[0] >> 4) - 8) * 0.02, abs=1e-4)


def test_no_text_stands_on_both_sides_of_the_split(tmp_path: Path) -> None:
    write_data(tmp_path / "data")
    copies = [
        {"text": "@user der zug fff", "lang": "de", "source": "other", "sentiment": "neutral"},
        {"text": "post 9!", "lang": "en", "source": "other", "sentiment": "neutral"},
    ]
    path = tmp_path / "data" / "sentiment.jsonl.gz"
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    _write(path, [*rows, {**copies[0], "split": "dev"}, {**copies[1], "split": "train"}])
    found = load_rows(tmp_path / "data")
    assert not [row for row in found if row.source == "other"]
    assert [row for row in found if row.utterance.text == "post 9"]


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(ValueError, match=r"other.bin.*e5-small-q4.bin"):
        read_source(tmp_path / "other.bin")


def _classes(work: Path, stage: Stage) -> dict[str, torch.Tensor]:
    stored = json.loads((work / f"train-{stage.name}" / "classes.json").read_text())
    return {head: torch.tensor(weights) for head, weights in stored.items()}


def test_a_run_that_stops_and_goes_on_ends_where_an_unbroken_one_does(
    prepared: tuple[Path, Path],
) -> None:
    _, work = prepared
    stage, start = STAGES[0], work / "start.pt"
    classes = _classes(work, stage)
    (work / f"checkpoint-{stage.name}.pt").unlink(missing_ok=True)  # of a test that ran before
    whole = Run(work, stage, start, hours=None, epochs=2)
    for _ in range(len(whole.plan)):
        whole.step(classes)
    broken = Run(work, stage, start, hours=None, epochs=2)
    broken.step(classes)
    broken.save()
    resumed = Run(work, stage, start, hours=None, epochs=2)
    assert resumed.done == 1
    while resumed.done < len(resumed.plan):
        resumed.step(classes)
    (work / f"checkpoint-{stage.name}.pt").unlink()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name
        assert torch.equal(whole.mean[name], resumed.mean[name]), name


def test_training_moves_the_upper_layers_and_no_others_stage_by_stage(
    prepared: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, work = prepared
    training.train(work, STAGES[:2], epochs=1)
    names = ("start", "trained-base", "trained-broad")
    states = [torch.load(work / f"{name}.pt") for name in names]
    lowest, highest = "layers.0.qkv.weight", "layers.5.qkv.weight"
    assert all(torch.equal(states[0][lowest], state[lowest]) for state in states)
    assert not torch.equal(states[0][highest], states[1][highest])
    assert not torch.equal(states[1][highest], states[2][highest])
    mean = (states[1][highest] + states[2][highest]) / 2
    assert torch.allclose(torch.load(work / "trained.pt")[highest], mean)
    training.train(work, STAGES[:2], epochs=1)
    assert capsys.readouterr().out.count("from step 0") == 2  # what is through is not begun again


def test_the_averaged_weights_lie_between_the_first_and_the_last(
    prepared: tuple[Path, Path],
) -> None:
    _, work = prepared
    stage = STAGES[0]
    run = Run(work, stage, work / "start.pt", hours=None, epochs=2)
    first = run.network.state_dict()["layers.5.qkv.weight"].clone()
    while run.done < len(run.plan):
        run.step(_classes(work, stage))
    last = run.network.state_dict()["layers.5.qkv.weight"]
    mean = run.averaged().state_dict()["layers.5.qkv.weight"]
    assert (mean - first).norm() < (last - first).norm()
    assert 0 < (mean - last).norm() < (last - first).norm()


def test_a_state_of_another_network_is_refused(tmp_path: Path, prepared: tuple[Path, Path]) -> None:
    state = torch.load(prepared[1] / "start.pt")
    del state["heads.0.logits.weight"]
    torch.save(state, tmp_path / "cut.pt")
    with pytest.raises(ValueError, match=r"cut.pt: no state of this network"):
        thaw(tmp_path / "cut.pt")


def test_a_stage_takes_no_more_of_a_source_than_its_quota(tmp_path: Path) -> None:
    write_data(tmp_path / "data")
    rows = load_rows(tmp_path / "data", labels=tmp_path)
    stage = Stage("s", {("sentiment", "made"): {0: 2}}, {"made": 4, "written": 2}, 1e-4, 0.0, 1.0)
    chosen = [row for row in choose_rows(rows, stage) if origin(row) == "public"]
    gold = [row.gold[0] for row in chosen]
    assert gold.count(0) == 2
    assert gold.count(1) == gold.count(2) == 7
    assert stage.repeats_of(chosen[0]) == 4
    assert [row for row in choose_rows(rows, stage) if row.split != "train"] == []


def _labels(data: Path, folder: Path, rows: list[dict[str, object]], reading: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    _write(folder / "de1.jsonl", list(join_reading(rows, reading, find_texts(data))))


def test_a_text_that_was_read_again_is_found_by_its_digest_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_data(data)
    asked = {"n": 1, "lang": "de", "source": "made", "platform": "x", "company": None}
    rows = [{**asked, "role": None, "thread": [], "text": "gut aaa"}]
    _labels(data, tmp_path / "labels", rows, ["1 pos customer supply - 0"])
    assert "gut" not in (tmp_path / "labels" / "de1.jsonl").read_text()
    (found,) = load_labelled(data, tmp_path / "labels")
    assert found["text"] == "gut aaa"
    assert found["source"] == f"{PREFIX}made"
    assert found["gold"]["sentiment"] == "positive"
    assert found["gold"]["idea"] is None
    (row,) = [r for r in load_rows(data, labels=tmp_path / "labels") if origin(r) == "labelled"]
    assert row.split == "train"


def test_like_answers_in_a_dialogue_are_told_apart_by_what_they_answer(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_data(data)
    (data / "real").mkdir()
    posts = [("q1", None, "Where is it?"), ("a1", "q1", "Sorry!"), ("q2", None, "It broke.")]
    dialogue: list[dict[str, object]] = [
        {"native_id": key, "parent_id": parent, "text": text}
        | {"author_role": "company" if parent else "customer"}
        for key, parent, text in [*posts, ("a2", "q2", "Sorry!")]
    ]
    _write(data / "real" / "customer_care_threads.jsonl.gz", dialogue)
    asked = {"n": 1, "lang": "en", "source": "care", "platform": "x", "company": None}
    above = [{"role": "customer", "text": "It broke."}]
    rows = [{**asked, "role": "company", "thread": above, "text": "Sorry!"}]
    _labels(data, tmp_path / "labels", rows, ["1 neu company supply 0 0"])
    (found,) = load_labelled(data, tmp_path / "labels")
    assert [post["text"] for post in found["thread"]] == ["It broke."]


@pytest.mark.parametrize("copy", ["post 9", "post 9!"])
def test_a_reading_of_a_text_kept_for_choosing_is_left_out(tmp_path: Path, copy: str) -> None:
    data = tmp_path / "data"
    write_data(data)
    path = data / "toxic.jsonl.gz"
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    extra = {"text": copy, "lang": "en", "source": "made", "toxic": False, "split": "train"}
    _write(path, [*lines, extra])
    asked = {"n": 1, "lang": "en", "source": "made", "platform": "x", "company": None}
    rows = [{**asked, "role": None, "thread": [], "text": copy}]
    _labels(data, tmp_path / "labels", rows, ["1 neu customer supply 0 0"])
    assert list(load_labelled(data, tmp_path / "labels"))
    found = load_rows(data, labels=tmp_path / "labels")
    assert [row for row in found if origin(row) == "labelled"] == []


def test_a_reading_with_an_unknown_label_names_its_line() -> None:
    with pytest.raises(ValueError, match=r"'3 neg nobody supply 0 0': initiator is one of company"):
        list(join_reading([], ["3 neg nobody supply 0 0"], {}))


def test_the_shipped_readings_hold_labels_and_no_text() -> None:
    seen = set()
    for path in sorted(LABELS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            assert "text" not in row
            assert len(row["digest"]) == len(digest("any"))
            assert all("not available" in post["text"] for post in row.get("thread", []))
            assert sum(value >= 0 for value in encode_gold(row["gold"])) > 1
            assert row["digest"] not in seen, row["digest"]
            seen.add(row["digest"])
    assert len(seen) > 3000


def test_a_threshold_is_no_lucky_row() -> None:
    rng = np.random.default_rng(1)
    p = np.clip(rng.beta(1, 3, 400), 0, 1)
    gold = (rng.random(400) < p).astype(int)
    assert 0.2 <= choose_threshold(p, gold, ["made"] * 400) <= 0.5
    assert choose_threshold(p, np.zeros(400, int), ["made"] * 400) == 0.5


def test_a_tier_settles_only_what_the_full_one_would_say_too() -> None:
    rows = [row for row in load_written() if min(row.gold) >= 0][:300]
    rng = np.random.default_rng(5)
    gold = np.array([row.gold for row in rows])
    clear = np.zeros((len(rows), LOGITS))
    for place, head in enumerate(HEADS):
        start = COLUMNS[head].start
        if head in CHOICES:
            clear[np.arange(len(rows)), start + gold[:, place]] = 4.0
        else:
            clear[:, start] = np.where(gold[:, place] == 1, 4.0, -4.0)
    blurred = clear + rng.normal(0, 3, clear.shape)
    framed = [frame(row.utterance) for row in rows]
    full, fast = fit(rows, clear, None), fit(rows, blurred, None)
    truth = to_probabilities(full, framed, clear, None)
    told = to_probabilities(fast, framed, blurred, None)
    barred = settle(fast, told, full, truth, rows)
    settled = is_settled(barred, told, np.zeros(len(rows), np.bool_))
    assert 0 < settled.mean() < 1
    for head in CHOICES:
        strays = told[head].argmax(axis=1) != truth[head].argmax(axis=1)
        assert (strays & settled).mean() <= 2 * STRAYS[head] < strays.mean()


def test_what_is_shipped_says_what_the_trained_network_says(
    prepared: tuple[Path, Path], tmp_path: Path
) -> None:
    data, work = prepared
    out = tmp_path / "weights"
    out.mkdir()
    rows = load_rows(data)
    train_linear([row for row in rows if row.split == "train"][:200]).save(out / "linear.npz")
    ship(data, work, work / "start.pt", out)
    encoder = OnnxEncoder.load({name: out / name for name in FILES})
    framed = [frame(row.utterance) for row in rows[-40:]]
    network = thaw(work / "start.pt").eval()
    given = encoder.score(framed)
    for one, early, late in zip(framed, given.early, given.late, strict=True):
        (pieces,) = encoder._tokens.encode([one])
        vectors = torch.from_numpy(encoder._words.look_up(pieces))[None]
        with torch.inference_mode():
            expected = network(vectors, torch.zeros(1, len(pieces)))
        for logits, meant in zip((early, late), expected, strict=True):
            true = meant[0].numpy()
            assert np.abs(logits - true).max() < 0.05 * max(1, np.abs(true).max())
        alone = encoder.score([one])
        assert np.array_equal(alone.late[0], late)
        assert np.array_equal(alone.early[0], early)
    for speed in ("full", "cascade", "fast"):
        classifier = load(speed, folder=out)
        assert classifier.classify([Utterance("gut")])[0].model == f"builtin-{speed} {VERSION}"


def test_posts_that_are_enough_half_way_stop_there_and_change_nothing_for_others(
    prepared: tuple[Path, Path], tmp_path: Path
) -> None:
    data, work = prepared
    train_linear([row for row in load_rows(data) if row.split == "train"][:200]).save(
        tmp_path / "linear.npz"
    )
    ship(data, work, work / "start.pt", tmp_path)
    encoder = OnnxEncoder.load({name: tmp_path / name for name in FILES}, workers=2)
    framed = [frame(Utterance(f"gut {i % 9}")) for i in range(80)]
    whole = encoder.score(framed)
    part = encoder.score(framed, lambda posts, early: posts % 3 == 0)
    stopped = np.arange(80) % 3 == 0
    assert whole.finished.all()
    assert np.array_equal(part.finished, ~stopped)
    assert np.array_equal(part.late[~stopped], whole.late[~stopped])
    assert np.array_equal(part.early, whole.early)


def test_the_linear_tier_learns_from_a_sample_of_the_written_texts() -> None:
    rows = list(load_written())[::5]
    model = train_linear(rows)
    gold = np.array([row.gold for row in rows])
    logits = model.score([frame(row.utterance) for row in rows]).logits
    place = HEADS.index("kind")
    known = gold[:, place] >= 0
    told = logits[known][:, 6:9].argmax(axis=1)
    assert (told == gold[known, place]).mean() > 0.8
    assert model.score([Framed("", (), "")]).logits.shape == (1, LOGITS)


def test_every_written_text_is_a_whole_row_of_the_codebook() -> None:
    seen = set()
    for path in sorted(TEXTS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            assert row["id"] not in seen, row["id"]
            seen.add(row["id"])
            assert row["text"].strip()
            assert row["lang"] in ("de", "en")
            assert len(encode_gold(row["gold"])) == len(HEADS)
    assert len(seen) > 1000
