"""Models of `transformers` that take a label over, with tiny checkpoints made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.base import ModelError
from models.loading import load_classifier
from models.training.corpus import load_written
from models.transformers_backend import Override
from models.types import SENTIMENTS, Utterance

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = [Utterance("good good"), Utterance("bad"), Utterance(""), Utterance("good \ud800 😂")]


def make_checkpoint(folder: Path, names: list[str]) -> str:
    """Write a two-layer BERT whose words are `good`, `bad` and little else."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "."]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


def test_a_text_classification_model_takes_its_label_over(tmp_path: Path) -> None:
    path = make_checkpoint(tmp_path / "m", ["NEGATIVE", "neutral", "Positive"])
    classifier = load_classifier("fast", transformers={"sentiment": path})
    plain = load_classifier("fast").classify(TEXTS)
    found = classifier.classify(TEXTS)
    assert path in classifier.name
    for ours, theirs in zip(plain, found, strict=True):
        shares = theirs.probabilities["sentiment"]
        assert isinstance(shares, dict)
        assert sum(shares.values()) == pytest.approx(1)
        assert theirs.sentiment == max(shares, key=lambda value: shares[value])
        assert theirs.kind == ours.kind
        assert theirs.model == classifier.name


def test_labels_without_a_meaning_are_mapped_by_the_configuration(tmp_path: Path) -> None:
    path = make_checkpoint(tmp_path / "m", ["LABEL_0", "LABEL_1"])
    with pytest.raises(ModelError, match=r"LABEL_0, LABEL_1 are not understood.*no, yes"):
        load_classifier("fast", transformers={"toxic": path})
    mapping = {"LABEL_0": "no", "LABEL_1": "yes"}
    override = Override(model=path, mapping=mapping, device="cpu", batch=2)
    found = load_classifier("fast", transformers={"toxic": override}).classify(TEXTS)
    for labels in found:
        p = labels.probabilities["toxic"]
        assert isinstance(p, float)
        assert labels.toxic is (p > 0.5)


def test_a_model_of_inference_is_asked_zero_shot(tmp_path: Path) -> None:
    path = make_checkpoint(tmp_path / "m", ["contradiction", "neutral", "entailment"])
    for labels in load_classifier("fast", transformers={"kind": path}).classify(TEXTS):
        shares = labels.probabilities["kind"]
        assert isinstance(shares, dict)
        assert sum(shares.values()) == pytest.approx(1)
        assert labels.kind in shares


def test_below_the_threshold_the_taken_label_is_unsure(tmp_path: Path) -> None:
    path = make_checkpoint(tmp_path / "m", ["negative", "neutral", "positive"])
    strict = load_classifier("fast", unsure_below=0.99, transformers={"sentiment": path})
    assert all("sentiment" in labels.unsure for labels in strict.classify(TEXTS))


def test_a_model_that_is_not_there_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"models.sentiment.*nowhere.*name the directory"):
        load_classifier("fast", transformers={"sentiment": str(tmp_path / "nowhere")})


def test_a_label_that_no_model_can_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="must be one of sentiment"):
        load_classifier("fast", transformers={"lang": str(tmp_path)})


def test_a_device_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = make_checkpoint(tmp_path / "m", ["negative", "positive"])
    with pytest.raises(ModelError, match="device 'cuda"):
        load_classifier("fast", transformers={"sentiment": Override(model=path, device="cuda:9")})


def test_our_own_fine_tuned_encoder_takes_a_label_over_as_a_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("sklearn")
    from models.training.handover import write_classifier

    rows = [row for row in load_written() if not row.utterance.context.thread and row.gold[0] >= 0]
    fitted, asked = rows[::6][:200], rows[2::15][:80]
    write_classifier("sentiment", fitted, tmp_path / "ours")
    override = Override(model=str(tmp_path / "ours"), device="cpu")
    classifier = load_classifier("fast", transformers={"sentiment": override})
    found = classifier.classify([row.utterance for row in asked])
    hits = [
        labels.sentiment == SENTIMENTS[row.gold[0]]
        for labels, row in zip(found, asked, strict=True)
    ]
    assert sum(hits) > 0.8 * len(hits)
