"""Scores of an answer against its references, row by row, by the packages made for them.

Each function takes n predictions and, for each, one or more references, and returns n rows; every
score lies in [0, 1]. An empty prediction scores 0. Of several references the best counts; BLEU
takes them all at once. Time grows with the length of the texts, not with its square: the table of
rouge_score is left for a bit-parallel one where it would be large.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from assistant.evaluation.tokens import answer_tokens, normalised, spaced, words_and_signs
from assistant.facts import sentence_spans

Row = dict[str, float]
References = Sequence[Sequence[str]]

# METEOR as in the example that nltk and evaluate document.
_ALPHA, _BETA, _GAMMA = 0.9, 3.0, 0.5
_TABLE_CELLS = 40_000  # 200 by 200 tokens: 10 ms in rouge_score's table


class WordNet(Protocol):
    """What METEOR asks of WordNet."""

    def synsets(self, word: str) -> Sequence[Any]: ...


class NoSynonyms:
    """Stands in for a WordNet that is not installed: METEOR matches words and stems alone."""

    def synsets(self, word: str) -> Sequence[Any]:
        return ()


def overlap_rows(predictions: Sequence[str], references: References) -> list[Row]:
    """exact_match and token precision, recall and f1 after SQuAD's normalisation.

    precision, recall and f1 come from the same reference, that of the best f1.
    """
    return [_overlap(said, known) for said, known in zip(predictions, references, strict=True)]


def rouge_rows(predictions: Sequence[str], references: References) -> list[Row]:
    """rouge1, rouge2 and rougeL as F-measures, without stemming (C.-Y. Lin, ROUGE, 2004)."""
    from rouge_score.rouge_scorer import RougeScorer

    names = ["rouge1", "rouge2", "rougeL"]
    short = RougeScorer(names, tokenizer=_Tokenizer())
    ngrams = RougeScorer(names[:2], tokenizer=_Tokenizer())

    def score(said: str, reference: str) -> Row:
        a, b = words_and_signs(reference), words_and_signs(said)
        if len(a) * len(b) <= _TABLE_CELLS:
            return {name: one.fmeasure for name, one in short.score(reference, said).items()}
        row = {name: one.fmeasure for name, one in ngrams.score(reference, said).items()}
        return {**row, "rougeL": 2 * common_subsequence(a, b) / (len(a) + len(b))}

    return [
        _best([score(said, reference) for reference in known])
        for said, known in zip(predictions, references, strict=True)
    ]


def bleu_rows(predictions: Sequence[str], references: References) -> list[Row]:
    """Sentence BLEU by sacrebleu: exponential smoothing, n-grams up to the length there is."""
    from sacrebleu.metrics.bleu import BLEU

    bleu = BLEU(effective_order=True)
    return [
        {"bleu": _share(bleu.sentence_score(spaced(said), [spaced(one) for one in known]))}
        for said, known in zip(predictions, references, strict=True)
    ]


def corpus_bleu(predictions: Sequence[str], references: References) -> float:
    """BLEU of all rows as one text (K. Papineni et al., BLEU, ACL 2002), by sacrebleu."""
    from sacrebleu.metrics.bleu import BLEU

    streams = _streams([[spaced(one) for one in known] for known in references])
    return _share(BLEU(force=True).corpus_score([spaced(said) for said in predictions], streams))


def chrf_rows(predictions: Sequence[str], references: References) -> list[Row]:
    """Sentence chrF by sacrebleu: character n-grams up to 6, beta 2."""
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF()
    return [
        {"chrf": _share(chrf.sentence_score(said, list(known)))}
        for said, known in zip(predictions, references, strict=True)
    ]


def corpus_chrf(predictions: Sequence[str], references: References) -> float:
    """chrF of all rows as one text (M. Popović, chrF, WMT 2015), by sacrebleu."""
    from sacrebleu.metrics.chrf import CHRF

    return _share(CHRF().corpus_score(list(predictions), _streams(references)))


def meteor_rows(predictions: Sequence[str], references: References) -> list[Row]:
    """METEOR by nltk, alpha .9, beta 3, gamma .5 (A. Lavie, A. Agarwal, METEOR, WMT 2007).

    Words match exactly, by Porter's stem, and by WordNet's synonyms where `installed_wordnet` has
    them. One matched word alone scores 0.5: the penalty for a single chunk of one word.
    """
    from nltk.translate.meteor_score import single_meteor_score

    wordnet, stemmer = installed_wordnet() or NoSynonyms(), _stemmer()

    def score(said: str, reference: str) -> float:
        return float(
            single_meteor_score(
                _treebank(reference),
                _treebank(said),
                stemmer=stemmer,
                wordnet=wordnet,
                alpha=_ALPHA,
                beta=_BETA,
                gamma=_GAMMA,
            )
        )

    return [
        {"meteor": max(score(said, reference) for reference in known)}
        for said, known in zip(predictions, references, strict=True)
    ]


@lru_cache(maxsize=1)
def installed_wordnet() -> WordNet | None:
    """nltk's WordNet where its corpus is on this machine, else None; nothing is ever fetched."""
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except LookupError:
        return None
    found: WordNet = wordnet
    return found


def common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, one machine word for 64 cells of its table.

    (H. Hyyrö, Bit-Parallel LCS-length Computation Revisited, 2004.)
    """
    places: dict[str, int] = {}
    for place, token in enumerate(first):
        places[token] = places.get(token, 0) | 1 << place
    everywhere = (1 << len(first)) - 1
    row = everywhere
    for token in second:
        matches = row & places.get(token, 0)
        row = (row + matches | row - matches) & everywhere
    return len(first) - row.bit_count()


def _overlap(said: str, known: Sequence[str]) -> Row:
    own = answer_tokens(said)
    matched = bool(own) and any(normalised(said) == normalised(one) for one in known)
    scored = [_token_scores(own, answer_tokens(one)) for one in known]
    precision, recall, f1 = max(scored, key=lambda one: (one[2], one[1]))
    return {"exact_match": float(matched), "precision": precision, "recall": recall, "f1": f1}


def _token_scores(own: Sequence[str], wanted: Sequence[str]) -> tuple[float, float, float]:
    shared = (Counter(own) & Counter(wanted)).total()
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / len(own), shared / len(wanted)
    return precision, recall, 2 * precision * recall / (precision + recall)


def _best(rows: Sequence[Row]) -> Row:
    return {name: max(row[name] for row in rows) for name in rows[0]}


def _share(score: Any) -> float:
    """sacrebleu's score, which is from 0 to 100 and may pass it by rounding."""
    return min(1.0, float(score.score) / 100)


def _streams(references: References) -> Any:
    """sacrebleu's order: the first references of all rows, then the second; None where none is."""
    most = max(len(known) for known in references)
    return [[known[k] if k < len(known) else None for known in references] for k in range(most)]


class _Tokenizer:
    """`words_and_signs` in the form that rouge_score asks for."""

    def tokenize(self, text: str) -> list[str]:
        return words_and_signs(text)


class _Stemmer:
    """Porter's stemmer, each word once."""

    def __init__(self) -> None:
        from nltk.stem.porter import PorterStemmer

        self.stem = lru_cache(maxsize=65_536)(PorterStemmer().stem)


@lru_cache(maxsize=1)
def _stemmer() -> _Stemmer:
    return _Stemmer()


@lru_cache(maxsize=8192)
def _treebank(text: str) -> tuple[str, ...]:
    """Tokens as nltk's word_tokenize gives them: by the Treebank's rules, sentence by sentence."""
    from nltk.tokenize import NLTKWordTokenizer

    tokenizer, plain = NLTKWordTokenizer(), spaced(text)
    sentences = (plain[start:end] for start, end in sentence_spans(plain))
    return tuple(token for sentence in sentences for token in tokenizer.tokenize(sentence))
