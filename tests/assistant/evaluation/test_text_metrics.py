"""The text metrics against the packages, published examples and inputs that break others."""

from __future__ import annotations

import random

import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import corpus_bleu as sacre_corpus_bleu
from sacrebleu import sentence_bleu, sentence_chrf
from sacrebleu.metrics.bleu import BLEU
from sklearn.metrics import precision_recall_fscore_support

from assistant.errors import InvalidRequest
from assistant.evaluation.metrics import TEXT_METRICS, score_texts
from assistant.evaluation.text_metrics import (
    bleu_rows,
    chrf_rows,
    common_subsequence,
    corpus_bleu,
    meteor_rows,
    overlap_rows,
    rouge_rows,
)
from assistant.evaluation.tokens import normalised, words_and_signs

CAT = "the cat sat on the mat"
CHINESE = "水箱可以装两升水"


def scores(prediction: str, *references: str) -> dict[str, float]:
    (row,) = score_texts([prediction], [references]).rows
    return dict(row)


@pytest.mark.parametrize(
    ("answer", "same"),
    [
        ("The Denver Broncos!", "denver broncos"),
        ("  Santa   Clara, California ", "santa clara california"),
        ("a theatre, the end", "theatre end"),
        ("Panthers'", "panthers"),
        ("1.85 litres", "185 litres"),  # as the script does
    ],
)
def test_normalisation_is_that_of_squad(answer: str, same: str) -> None:
    assert normalised(answer) == same


def test_what_normalisation_would_leave_empty_stays() -> None:
    assert (normalised("A"), normalised("..."), normalised("")) == ("a", "...", "")
    assert scores("", "A")["exact_match"] == 0
    assert scores("B", "A")["f1"] == 0
    assert scores("a", "A")["exact_match"] == 1


def test_f1_on_published_examples() -> None:
    # SQuAD's dev set, "Which NFL team represented the AFC at Super Bowl 50?" and the like.
    (row,) = overlap_rows(["The Denver Broncos won"], [["Denver Broncos", "the broncos"]])
    assert row == {
        "exact_match": 0.0,
        "precision": pytest.approx(2 / 3),
        "recall": 1.0,
        "f1": pytest.approx(0.8),
    }
    assert scores("in 1976", "1976")["f1"] == pytest.approx(2 / 3)


def test_token_scores_are_scikit_learns_on_sets_of_words() -> None:
    words = "boiler tank lid hose pump valve filter".split()
    rng = random.Random(1)
    for _ in range(50):
        said, wanted = (rng.sample(words, rng.randint(1, 7)) for _ in range(2))
        precision, recall, f1, _ = precision_recall_fscore_support(
            [word in wanted for word in words],
            [word in said for word in words],
            average="binary",
            zero_division=0,
        )
        (row,) = overlap_rows([" ".join(said)], [[" ".join(wanted)]])
        assert (row["precision"], row["recall"]) == (
            pytest.approx(precision),
            pytest.approx(recall),
        )
        assert row["f1"] == pytest.approx(f1)


def test_precision_recall_and_f1_are_of_one_reference() -> None:
    (row,) = overlap_rows(["two litres"], [["two", "about two litres of cold water"]])
    best = overlap_rows(["two litres"], [["two"]])[0]
    assert {name: row[name] for name in ("precision", "recall", "f1")} == {
        name: best[name] for name in ("precision", "recall", "f1")
    }


def test_rouge_is_rouge_scores() -> None:
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    fox = "The quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log."
    for reference, said in (fox, (CAT, "The cat, it sat on a mat."), (CAT, "")):
        expected = {name: one.fmeasure for name, one in scorer.score(reference, said).items()}
        assert rouge_rows([said], [[reference]]) == [pytest.approx(expected)]


def test_rouge_of_long_texts_is_the_same_without_the_table() -> None:
    rng = random.Random(2)
    said, wanted = (" ".join(rng.choices("abcdefgh", k=230)) for _ in range(2))
    expected = RougeScorer(["rougeL"]).score(wanted, said)["rougeL"].fmeasure
    assert rouge_rows([said], [[wanted]])[0]["rougeL"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second", "length"), [("", "ab", 0), ("abcbdab", "bdcaba", 4), ("ab" * 50, "b", 1)]
)
def test_common_subsequence(first: str, second: str, length: int) -> None:
    assert common_subsequence(first, second) == length


def test_bleu_and_chrf_are_sacrebleus() -> None:
    said, references = "The dog bit the man.", ["The dog had bit the man.", "A dog bit him."]
    assert bleu_rows([said], [references]) == [
        {"bleu": pytest.approx(sentence_bleu(said, references).score / 100)}
    ]
    assert chrf_rows([said], [references]) == [
        {"chrf": pytest.approx(sentence_chrf(said, references).score / 100)}
    ]


def test_corpus_bleu_on_sacrebleus_own_example() -> None:
    # README of sacrebleu: 48.53 with two references for each sentence.
    references = [
        ["The dog bit the man.", "It was not unexpected.", "The man bit him first."],
        ["The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."],
    ]
    said = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
    by_row = [list(pair) for pair in zip(*references, strict=True)]
    assert corpus_bleu(said, by_row) == pytest.approx(0.4853, abs=1e-4)
    assert corpus_bleu(said, by_row) == pytest.approx(
        sacre_corpus_bleu(said, references).score / 100
    )


def test_corpus_bleu_with_different_numbers_of_references() -> None:
    assert corpus_bleu([CAT, "a dog"], [[CAT, "no"], ["a dog"]]) == pytest.approx(1.0)


def test_meteor_on_the_documented_example() -> None:
    said = (
        "It is a guide to action which ensures that the military always obeys the commands of "
        "the party"
    )
    wanted = (
        "It is a guide to action that ensures that the military will forever heed Party commands"
    )
    assert meteor_rows([said], [["nothing alike", wanted]])[0]["meteor"] == pytest.approx(
        0.69444, abs=5e-6
    )


def test_meteor_matches_stems() -> None:
    assert meteor_rows(["filling tanks"], [["fill tank"]])[0]["meteor"] > 0.9


def test_the_best_of_several_references_counts() -> None:
    row = scores(CAT, "nothing of that", CAT)
    assert all(row[name] == pytest.approx(1.0, abs=0.01) for name in TEXT_METRICS)


def test_an_empty_prediction_scores_nothing() -> None:
    for empty in ("", "  \n"):
        assert scores(empty, CAT) == dict.fromkeys(TEXT_METRICS, 0.0)


def test_an_answer_without_a_reference_is_left_out() -> None:
    scored = score_texts(["x", CAT], [[], CAT])
    assert scored.rows[0] == {}
    assert (scored.n, scored.scored, scored.means["f1"]) == (2, 1, 1.0)
    assert score_texts(["x"], [["  "]]).means == {}
    nothing = score_texts([], [])
    assert (nothing.n, nothing.means, nothing.corpus) == (0, {}, {})


def test_scripts_without_spaces_are_compared_by_character() -> None:
    row = scores("水箱装两升", CHINESE)
    assert row["f1"] == pytest.approx(2 * 5 / (5 + 8))
    assert scores("水箱", CHINESE)["recall"] == pytest.approx(2 / 8)
    assert all(scores(CHINESE, CHINESE)[name] > 0.99 for name in TEXT_METRICS)
    assert scores("お湯は八十度です。", "お湯は八十度です")["exact_match"] == 1


def test_chinese_bleu_is_sacrebleus_own() -> None:
    said = "水箱可以装三升水"
    expected = BLEU(effective_order=True, tokenize="zh").sentence_score(said, [CHINESE]).score
    assert bleu_rows([said], [[CHINESE]])[0]["bleu"] == pytest.approx(expected / 100)


@pytest.mark.parametrize(
    "text", ["Резервуар вмещает два литра воды", "टंकी में दो लीटर पानी", "خزان يسع لترين"]
)
def test_other_scripts_are_no_blanks(text: str) -> None:
    row = scores(text, text)
    assert all(row[name] > 0.9 for name in TEXT_METRICS)
    assert len(words_and_signs(text)) == len(text.split())


def test_signs_alone_and_pictographs_are_defined() -> None:
    row = scores("!!!", "!!!")
    assert row["exact_match"] == 1
    assert row["rouge1"] == 0  # ROUGE knows no signs
    assert scores("👍🏽", "👍🏽")["rouge1"] == 1
    assert scores("\ud83d broken \x00", "broken")["recall"] == 1


def test_an_answer_of_ten_thousand_words_is_scored() -> None:
    rng = random.Random(3)
    words = [f"word{number}" for number in range(500)]
    said, wanted = (" ".join(rng.choices(words, k=10_000)) for _ in range(2))
    row = scores(said, wanted)
    assert set(row) == set(TEXT_METRICS)
    assert all(0 <= value <= 1 for value in row.values())


def test_what_is_no_text_is_refused_with_its_row() -> None:
    with pytest.raises(
        InvalidRequest, match=r"row 1: the prediction is NaN.*row 2: a reference is missing"
    ):
        score_texts([float("nan"), "x"], ["x", [None]])  # type: ignore[list-item]
    with pytest.raises(InvalidRequest, match="row 1: a reference is of type int"):
        score_texts(["x"], [7])  # type: ignore[list-item]
    with pytest.raises(InvalidRequest, match="1 predictions and 2 rows"):
        score_texts(["x"], ["x", "y"])


@pytest.mark.slow  # importing evaluate takes half a minute
def test_the_modules_of_evaluate_give_the_same_figures() -> None:
    predictions = ["The dog bit the man.", "", CHINESE, "yes"]
    references = ["The dog had bit the man.", CAT, [CHINESE, "no"], []]
    own = score_texts(predictions, references)
    through = score_texts(predictions, references, modules=True)
    assert [dict(row) for row in through.rows] == [dict(row) for row in own.rows]
    assert (through.means, through.corpus) == (own.means, own.corpus)
