"""What is kept about the corpora: differences.tsv and reasons.tsv beside this file, and docs/DIFFERENTIAL.md, which is made from both."""

import csv
from collections import Counter
from pathlib import Path

import corpus

HERE = Path(__file__).parent
LISTED = HERE / "differences.tsv"
REASONS = HERE / "reasons.tsv"
DOCUMENT = HERE.parent.parent / "docs/DIFFERENTIAL.md"
# A row that nobody has explained yet.
UNEXPLAINED = "?"
# Who is right, where it is not we.
WRONG = "the others"
# What a word means to somebody who must accept a file or not.
ANSWERS = {"intact": "accepted", "altered": "refused", "broken": "refused"}


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def listed():
    """File → its row; a file never stands there twice."""
    found = rows(LISTED)
    assert len({row["file"] for row in found}) == len(found), "a file stands twice in differences.tsv"
    return {row["file"]: row for row in found}


def reasons():
    """Number → (who is right, why)."""
    return {row["number"]: (row["right"], row["why"]) for row in rows(REASONS)}


def same(other, our_word, word):
    """poppler does not look at what came later."""
    return our_word == word or (other == "poppler" and {our_word, word} == {"intact", "altered"})


def differs(words):
    return any(not same(other, words["ctdt"], words[other]) for other in corpus.OTHERS if other in words)


def answer(other, word):
    """Accepted, refused, or nothing said of any signature; for poppler "altered" is accepted, as far as it looks."""
    return "accepted" if (other, word) == ("poppler", "altered") else ANSWERS.get(word, "nothing")


def same_answer(other, our_word, word):
    return answer(other, our_word) == answer(other, word)


def write(words):
    """The list anew, with the reasons that were known."""
    before = listed() if LISTED.exists() else {}
    with open(LISTED, "w", encoding="utf-8") as file:
        file.write("\t".join(("file", *corpus.JUDGES, "reasons")) + "\n")
        for name in sorted(words):
            if differs(words[name]):
                known = before.get(name, {}).get("reasons", UNEXPLAINED)
                file.write("\t".join((name, *(words[name][judge] for judge in corpus.JUDGES), known)) + "\n")


def share(part, whole):
    return f"{part} of {whole} ({100 * part / whole:.1f} %)"


def agreement(words, other):
    """One line of the table of totals."""
    pairs = [(one["ctdt"], one[other]) for one in words.values()]
    both = [pair for pair in pairs if not {"unreadable", "exhausted"} & set(pair)]
    return (
        share(sum(same(other, *pair) for pair in pairs), len(pairs)),
        share(sum(same(other, *pair) for pair in both), len(both)),
        share(sum(same_answer(other, *pair) for pair in pairs), len(pairs)),
    )


def against_us(row, explained):
    """Whether every reason of a row says that we are wrong."""
    return all(explained[number][0] == WRONG for number in row["reasons"].split(",") if number in explained)


def together(words, known, explained):
    """How pyHanko and EU DSS, taken together, say what we say."""
    one = sum(any(row[other] == row["ctdt"] for other in ("pyhanko", "dss")) for row in words.values())
    at_one = [row for row in words.values() if row["pyhanko"] == row["dss"]]
    agreed = sum(row["ctdt"] == row["dss"] for row in at_one)
    judged = {file: row for file, row in words.items() if row["pyhanko"] in ANSWERS and row["dss"] in ANSWERS}
    answered = {file: row for file, row in judged.items() if answer("dss", row["pyhanko"]) == answer("dss", row["dss"])}
    apart = [file for file, row in answered.items() if not same_answer("dss", row["ctdt"], row["dss"])]
    wrong = [file for file in apart if against_us(known[file], explained)]
    yield f"- our word is that of pyHanko or of EU DSS: {share(one, len(words))} of the files;"
    yield f"- where pyHanko and EU DSS have the same word, it is ours: {share(agreed, len(at_one))};"
    yield f"- where both judge a signature and give the same answer, it is ours: {share(len(answered) - len(apart), len(answered))};"
    yield f"- and it is ours, or ours is right by the reasons below: {share(len(answered) - len(wrong), len(answered))}."
    total = [file for file, row in known.items() if against_us(row, explained)]
    yield ""
    named = ": " + ", ".join(f"`{file}`" for file in total) if total else ""
    yield f"By the reasons below another judge is right and we are wrong about {len(total)} of {len(words)} files{named}."


def by_label(words, labels):
    """How many of the files that their source calls honest and dishonest each judge accepts."""
    for judge in (judge for judge in corpus.JUDGES if all(judge in row for row in words.values())):
        accepted = {label: [answer(judge, words[file][judge]) for file in words if labels[file] == label] for label in ("ACCEPT", "REJECT")}
        yield f"| {corpus.NAMES[judge]} | " + " | ".join(share(told.count("accepted"), len(told)) for told in accepted.values()) + " |"


def matrix(words, other):
    counts = Counter((one["ctdt"], one[other]) for one in words.values())
    columns = [word for word in corpus.WORDS if any(theirs == word for _, theirs in counts)]
    yield "| ours \\ " + corpus.NAMES[other] + " | " + " | ".join(columns) + " |"
    yield "|---|" + "---:|" * len(columns)
    for ours in corpus.WORDS:
        if any(word == ours for word, _ in counts):
            yield f"| {ours} | " + " | ".join(str(counts[ours, word] or "") for word in columns) + " |"


def document(words, labels):
    """docs/DIFFERENTIAL.md from the words of all judges, the labels of the corpora, the list and the reasons."""
    known, explained = listed(), reasons()
    text = [(HERE / "differential.md").read_text(encoding="utf-8").rstrip(), ""]
    text += ["| judge | the same word | the same word, where both have a verdict | the same answer |", "|---|---|---|---|"]
    text += [f"| {corpus.NAMES[other]} | " + " | ".join(agreement(words, other)) + " |" for other in corpus.OTHERS]
    text += ["", *together(words, known, explained), ""]
    text += ["By the labels that the files carry:", "", "| judge | honest files accepted | dishonest files accepted |", "|---|---|---|"]
    text += [*by_label(words, labels), ""]
    for other in corpus.OTHERS:
        text += [*matrix(words, other), ""]
    text += ["## Reasons", "", "| | files | who is right | why |", "|---:|---:|---|---|"]
    used = Counter(number for row in known.values() for number in row["reasons"].split(","))
    text += [f"| {number} | {used[number]} | {right} | {why} |" for number, (right, why) in explained.items()]
    text += ["", "## Files", "", "| file | ours | pyHanko | poppler | EU DSS | reasons |", "|---|---|---|---|---|---|"]
    text += [
        f"| `{name}` | " + " | ".join(row[judge] for judge in corpus.JUDGES) + f" | {row['reasons'].replace(',', ', ')} |"
        for name, row in known.items()
    ]
    return "\n".join(text) + "\n"
