"""General rows: requests of no field with the base model's own answers, trained beside the facts.

They keep what tuning on a few hundred facts would take away, small talk and work on a given text
(rehearsal that the model writes itself, https://arxiv.org/abs/2403.01244).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from assistant.prompts import question_messages, training_row
from assistant.training import ranks
from assistant.training.folder import RunFolder, read_rows, write_rows
from assistant.training.sampling import chat_prompt

logger = logging.getLogger(__name__)

NEW_TOKENS = 64  # of an answer, at most
_WHOLE = re.compile(r".*[.!?](?=\s|$)", re.DOTALL)

# None of them asks for a fact, so that none can be what the documents do not say.
REQUESTS = (
    "Hello.",
    "Good morning.",
    "Thank you.",
    "Thanks, that was all.",
    "Goodbye.",
    "Please wait a moment.",
    "I am in a hurry.",
    "I do not understand.",
    "That was not what I meant.",
    "You have helped me a lot.",
    "Say it in a friendlier way: Send the form today.",
    "Say it more politely: You must wait.",
    "Say it more politely: That is wrong.",
    "Say it more briefly: It is the case that we are of the opinion that it is late.",
    "Say it more briefly: At this point in time the shop is in a state of being closed.",
    "Make a question of this: The shop opens at nine.",
    "Make a question of this: She lives near the river.",
    "Put this into the past tense: They walk home.",
    "Put this into the past tense: I write a letter.",
    "Put this into the future tense: We meet at noon.",
    "Write this in the plural: The child has a red ball.",
    "Write this in the plural: The box is heavy.",
    "Correct the spelling: Wensday is the thrid day of the weke.",
    "Correct the spelling: I recieved your leter yesterday.",
    "Correct the grammar: He go to school every days.",
    "Correct the grammar: She have two brother.",
    "Put these words in order of the alphabet: pear, apple, plum.",
    "Put these numbers in order: 9, 4, 7.",
    "Count the words: The cat sat on the mat.",
    "Repeat this: All is well.",
    "Repeat this in capital letters: look out.",
    "Summarise in one sentence: It rained all day. The streets were wet. Nobody went out.",
    "Summarise in one sentence: Ann missed the bus. She walked for an hour. She came too late.",
    "Write a short title: The sun rose over the hills and the birds began to sing.",
    "Write a short greeting for a letter.",
    "Write one sentence that thanks a colleague for help.",
    "Write one sentence that asks a customer for patience.",
    "Write one sentence that says sorry for a late reply.",
    "Make a list of these: bread, milk and eggs.",
    "Join these with commas: red; green; blue.",
    "Give a word that means the same as big.",
    "Give a word that means the opposite of early.",
    "Finish the sentence: After the rain the grass was",
    "Finish the sentence: She opened the door and",
)


def general_rows(
    folder: RunFolder,
    system_prompt: str,
    wanted: int,
    tokenizer: Any,
    answers: Callable[[Sequence[Sequence[int]]], list[str]],
) -> list[dict[str, Any]]:
    """Up to `wanted` rows, as many as there are requests, kept in the folder for a resumed run.

    answers: of the base model, for prompts as token ids. One that has no whole sentence is left
    out. With several processes the first one asks.
    """
    if not wanted:
        return []
    if ranks.is_main() and not folder.general.is_file():
        asked = REQUESTS[:wanted]
        prompts = [chat_prompt(tokenizer, question_messages(system_prompt, one)) for one in asked]
        whole = [_WHOLE.match(answer.strip()) for answer in answers(prompts)]
        write_rows(
            folder.general,
            [
                training_row(system_prompt, request, found[0])
                for request, found in zip(asked, whole, strict=True)
                if found
            ],
        )
        logger.info("The base model answered %d of %d requests", sum(map(bool, whole)), len(asked))
    ranks.wait()
    return read_rows(folder.general)
