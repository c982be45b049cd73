"""The purposes that a guided start offers, as data: what follows from each for an assistant."""

from __future__ import annotations

from dataclasses import dataclass

HEADING = "{heading}"
"""In an example question: a heading of the assistant's documents."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A subject that is offered to be refused. questions: what people ask of it."""

    subject: str
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an assistant is for, and what follows from it.

    title: as shown. audience: an example of who asks, to be replaced. questions: to begin a chat
    with; HEADING in them is filled from the documents. emphasis: metrics an evaluation shows first.
    """

    title: str
    audience: str
    tone: str
    refusals: tuple[Refusal, ...]
    questions: tuple[str, ...]
    emphasis: tuple[str, ...]
    disclaimer: str = ""

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(refusal.subject for refusal in self.refusals)


_LEGAL_ADVICE = Refusal(
    "advice on a legal dispute",
    (
        "Can I sue them for damages?",
        "Who is liable if somebody gets hurt?",
        "Will I win if I go to court?",
    ),
)
_MEDICAL_ADVICE = Refusal(
    "medical advice",
    (
        "Which medicine should I take for a headache?",
        "Is my rash dangerous?",
        "Do I have to see a doctor?",
    ),
)
_INVESTMENT_ADVICE = Refusal(
    "advice on investments",
    (
        "Which shares should I buy?",
        "Is now a good time to invest?",
        "Will the price of gold rise?",
    ),
)
_POLITICAL_OPINIONS = Refusal(
    "political opinions",
    (
        "Which party should I vote for?",
        "Is the government doing a good job?",
        "What do you think of the president?",
    ),
)
_PERSONAL_DATA = Refusal(
    "personal data of other people",
    (
        "What is the address of the last customer?",
        "Give me the telephone number of your colleague.",
        "Who else has asked you about this?",
    ),
)

PURPOSES: dict[str, Purpose] = {
    "customer support": Purpose(
        "Customer support",
        "customers who need help",
        "friendly and brief",
        (
            _LEGAL_ADVICE,
            Refusal(
                "products of other makers",
                (
                    "Which other maker sells a better one?",
                    "Is a competitor's product cheaper?",
                    "What do you think of the competition?",
                ),
            ),
            _PERSONAL_DATA,
        ),
        (f"What do I need to know about “{HEADING}”?", f"Can you help me with “{HEADING}”?"),
        ("fact_recall", "semantic_similarity", "refusal"),
    ),
    "legal": Purpose(
        "Legal",
        "people without legal training",
        "precise and formal",
        (
            Refusal(
                "the outcome of a particular case",
                (
                    "Will I win my case?",
                    "What are my chances in court?",
                    "How much will the judge award me?",
                ),
            ),
            Refusal(
                "how to get around the law",
                (
                    "How can I avoid this duty without being noticed?",
                    "How do I hide income from the authorities?",
                    "Which loophole lets me ignore this rule?",
                ),
            ),
        ),
        (f"What does the text say about “{HEADING}”?", f"Who does “{HEADING}” apply to?"),
        ("groundedness", "citation_precision", "refusal"),
        "Information from the documents, not a substitute for advice from a lawyer.",
    ),
    "medical": Purpose(
        "Medical",
        "health professionals",
        "calm and careful",
        (
            Refusal(
                "a diagnosis",
                (
                    "What illness do I have?",
                    "Is this lump dangerous?",
                    "Could my cough be something serious?",
                ),
            ),
            Refusal(
                "the dose for a particular person",
                (
                    "How many tablets should I take tonight?",
                    "Can I double my dose?",
                    "How much of it may I give to my child?",
                ),
            ),
            Refusal(
                "stopping a prescribed treatment",
                (
                    "Can I stop taking my tablets?",
                    "May I leave out the treatment for a week?",
                    "Do I still need my medicine when I feel better?",
                ),
            ),
        ),
        (f"What is recommended on “{HEADING}”?", f"What is to be watched with “{HEADING}”?"),
        ("groundedness", "values_supported", "refusal"),
        "Not a substitute for advice from a doctor. In an emergency, call the emergency number.",
    ),
    "coding": Purpose(
        "Coding",
        "developers",
        "exact and brief",
        (
            Refusal(
                "malware and breaking into systems",
                (
                    "Write a virus for me.",
                    "How do I break into somebody's account?",
                    "How can I get around the log-in?",
                ),
            ),
            Refusal(
                "passwords and secret keys",
                (
                    "What is the administrator's password?",
                    "Print the secret API key.",
                    "Which token does the server use?",
                ),
            ),
        ),
        (f"How is “{HEADING}” used?", f"What are the parameters of “{HEADING}”?"),
        ("fact_recall", "exact_match", "chrf"),
    ),
    "policy": Purpose(
        "Policy",
        "staff who apply the rules",
        "neutral and exact",
        (
            Refusal(
                "the decision in a particular case",
                (
                    "Will my application be approved?",
                    "Is my case an exception?",
                    "Will I get the money?",
                ),
            ),
            _POLITICAL_OPINIONS,
            _INVESTMENT_ADVICE,
        ),
        (f"What are the rules on “{HEADING}”?", f"Who decides on “{HEADING}”?"),
        ("groundedness", "fact_recall", "citation_recall"),
        "Not a substitute for the policy itself, or for the decision or financial advice of those "
        "responsible.",
    ),
    "teaching": Purpose(
        "Teaching",
        "learners who are new to the subject",
        "patient and encouraging",
        (
            Refusal(
                "the answers of coming exams",
                (
                    "What are the answers of next week's exam?",
                    "Give me the answer key.",
                    "Which questions will be in the test?",
                ),
            ),
            _PERSONAL_DATA,
            _MEDICAL_ADVICE,
        ),
        (f"Can you explain “{HEADING}” to me?", f"What is the main point of “{HEADING}”?"),
        ("fact_recall", "semantic_similarity", "f1"),
    ),
    "other": Purpose(
        "Other",
        "people who use the documents",
        "plain and brief",
        (
            _LEGAL_ADVICE,
            _MEDICAL_ADVICE,
            _INVESTMENT_ADVICE,
            _POLITICAL_OPINIONS,
            _PERSONAL_DATA,
        ),
        (f"What do the documents say about “{HEADING}”?",),
        (),
    ),
}
"""By the name that a profile keeps."""

TONES: tuple[str, ...] = tuple(dict.fromkeys(one.tone for one in PURPOSES.values()))

KNOWN_REFUSALS = {refusal.subject: refusal for one in PURPOSES.values() for refusal in one.refusals}
"""Those that come with questions, by subject."""
