"""The solver of the PyPI package `cvc5` under the command's own name: SMT-LIB in, answers out.

The package brings the library and no program. Cedar's symbolic compiler talks to a program, line by line,
so each command is run as soon as its last bracket is closed.
"""

import sys

import cvc5


def fresh():
    """A solver that knows nothing yet, and its symbols."""
    terms = cvc5.TermManager()
    return terms, cvc5.Solver(terms), cvc5.SymbolManager(terms)


def commands(lines):
    """The commands of `lines`, each whole."""
    text, depth, inside = "", 0, ""
    for line in lines:
        for letter in line:
            if inside:
                inside = "" if letter == inside else inside
            elif letter == ";":
                break
            elif letter in "\"|":
                inside = letter
            elif letter == "(":
                depth += 1
            elif letter == ")":
                depth -= 1
        text += line
        if depth == 0 and not inside and text.strip():
            yield text
            text = ""


def main():
    terms, solver, symbols = fresh()
    for text in commands(sys.stdin):
        if text.strip() == "(reset)":
            terms, solver, symbols = fresh()
            continue
        parser = cvc5.InputParser(solver, symbols)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "stdin")
        while not (command := parser.nextCommand()).isNull():
            if str(command).startswith("(exit"):
                return
            sys.stdout.write(str(command.invoke(solver, symbols) or ""))
            sys.stdout.flush()


main()
