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
from models.encoder import OnnxEncoder  # noqa: E402
from models.framing import Framed, frame  # noqa: E402
from models.heads import CHOICES, HEADS, LOGITS  # noqa: E402
from models.training import encoder as training  # noqa: E402
from models.training.corpus import TEXTS, encode_gold, load_rows, load_written  # noqa: E402
from models.training.linear import train_linear  # noqa: E402
from models.training.network import build_network  # noqa: E402
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


def test_a_run_that_stops_and_goes_on_ends_where_an_unbroken_one_does(
    prepared: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, work = prepared
    classes = {
        head: torch.tensor(weights)
        for head, weights in json.loads((work / "classes.json").read_text()).items()
    }
    whole = training.Run(work, epochs=2, hours=None)
    for _ in range(len(whole.plan)):
        whole.step(classes)
    broken = training.Run(work, epochs=2, hours=None)
    broken.step(classes)
    broken.save()
    resumed = training.Run(work, epochs=2, hours=None)
    assert resumed.done == 1
    while resumed.done < len(resumed.plan):
        resumed.step(classes)
    (work / "checkpoint.pt").unlink()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_training_moves_the_upper_layers_and_no_others(prepared: tuple[Path, Path]) -> None:
    _, work = prepared
    before = torch.load(work / "start.pt")
    training.train(work, epochs=1, hours=None)
    after = torch.load(work / "trained.pt")
    assert torch.equal(before["layers.0.qkv.weight"], after["layers.0.qkv.weight"])
    assert not torch.equal(before["layers.5.qkv.weight"], after["layers.5.qkv.weight"])
    (work / "checkpoint.pt").unlink()


def test_what_is_shipped_says_what_the_trained_network_says(
    prepared: tuple[Path, Path], tmp_path: Path
) -> None:
    data, work = prepared
    out = tmp_path / "weights"
    out.mkdir()
    rows = load_rows(data)
    train_linear([row for row in rows if row.split == "train"][:200]).save(out / "linear.npz")
    ship(data, work, work / "start.pt", out)
    encoder = OnnxEncoder.load(out / "encoder.onnx", out / "tokenizer.json", out / "words.npz")
    framed = [frame(row.utterance) for row in rows[-40:]]
    network = build_network(read_source(work.parent / "source.bin")).eval()
    network.load_state_dict(torch.load(work / "start.pt"))
    given = encoder.score(framed)
    for one, logits in zip(framed, given, strict=True):
        (pieces,) = encoder._tokens.encode([one])
        vectors = torch.from_numpy(encoder._words.look_up(pieces))[None]
        with torch.inference_mode():
            expected = network(vectors, torch.zeros(1, len(pieces)))[0].numpy()
        assert np.abs(logits - expected).max() < 0.05 * max(1, np.abs(expected).max())
        assert np.array_equal(encoder.score([one])[0], logits)
    classifier = load("full", folder=out)
    assert classifier.classify([Utterance("gut")])[0].model == "builtin-full 1.0"


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
