"""python -m minigen.course, and pytest on a lesson, as a student runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigen.lessons import check, find_exercise, find_lesson
from minigen.lessons.commands import main

ROOT = Path(__file__).parents[2]
STUB = 'raise NotImplementedError("output_size: not written yet")'
COUNT = len(find_lesson("07").exercises)
RIGHT = "return max(0, (n + 2 * padding - k) // stride + 1)"


def run(course, *words):
    return main(["--course", str(course), *words])


def test_progress_of_a_beginner(course, capsys):
    assert run(course) == 0
    out = capsys.readouterr().out
    assert "07  Convolution and its transpose" in out
    assert "[ ] 07.1  output_size" in out
    assert f"0 of {COUNT} solved" in out
    assert "next: 07.1 output_size" in out
    assert "hint 07.1" in out


def test_progress_shows_what_is_right_and_what_is_wrong_with_the_next(course, write, capsys):
    write(STUB, RIGHT)
    write('raise NotImplementedError("conv_forward: not written yet")', "return x")
    run(course)
    out = capsys.readouterr().out
    assert "[x] 07.1" in out
    assert "[!] 07.2" in out
    assert f"1 of {COUNT} solved" in out
    assert "07.2 conv_forward: has shape" in out


def test_all_done(course, capsys):
    folder = course / "07_convolution"
    (folder / "exercises.py").write_text(find_lesson("07").solutions)
    run(course)
    assert f"{COUNT} of {COUNT} solved" in (out := capsys.readouterr().out)
    assert "All done." in out


def test_a_missing_file(course, capsys):
    (course / "07_convolution" / "exercises.py").unlink()
    run(course)
    assert f"is missing: python -m minigen.lessons --course {course} reset 07.1" in capsys.readouterr().out


def test_hints_say_more_each_time(course, capsys):
    texts = []
    for words in (["07.3"], ["conv_dx", "2"], ["07.3", "3"]):
        assert run(course, "hint", *words) == 0
        texts.append(capsys.readouterr().out)
    assert "hint 07.3 2" in texts[0]
    assert "hint 07.3 3" in texts[1]
    assert "solution 07.3" in texts[2]
    assert "section 'The gradient with respect to the image'" in texts[0]


def test_commands_name_the_folder_that_was_given(course, write, capsys):
    again = f"python -m minigen.lessons --course {course} "
    assert run(course) == 0
    out = capsys.readouterr().out
    assert f"check it:  {again}check 07.1" in out
    assert again + "hint 07.1" in out
    write(STUB, "return 1")
    run(course)
    out = capsys.readouterr().out
    assert again + "hint 07.1" in out
    assert "07_convolution/lesson.ipynb" in out
    assert main(["hint", "07.1", "--course", str(course)]) == 0
    assert again + "hint 07.1 2" in capsys.readouterr().out


def test_an_unknown_exercise_is_one_line(course, capsys):
    assert run(course, "hint", "99.9") == 2
    error = capsys.readouterr().err
    assert "none called '99.9'; near it: 00.1 blend" in error
    assert error.count("\n") == 1


def test_reset_puts_one_stub_back_and_keeps_the_rest(course, write, capsys):
    write(STUB, RIGHT)
    write('raise NotImplementedError("conv_dw: not written yet")', "return kernel")
    before = (course / "07_convolution" / "exercises.py").read_text()
    assert run(course, "reset", "07.4") == 0
    after = (course / "07_convolution" / "exercises.py").read_text()
    assert RIGHT in after
    assert "return kernel" not in after
    assert (course / "07_convolution" / "exercises.before-reset-1.txt").read_text() == before
    write("def output_size", "def output_size(")
    assert run(course, "reset", "07.4") == 2
    assert "syntax error in line" in capsys.readouterr().err


def test_the_solution_is_shown_after_a_question(course, capsys, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda question: print(question) or "n")
    assert run(course, "solution", "07.1") == 1
    assert RIGHT not in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert run(course, "solution", "07.1") == 0
    out = capsys.readouterr().out
    assert RIGHT in out
    assert "# answer" not in out


def test_check_in_a_notebook(course, write, monkeypatch):
    monkeypatch.chdir(course / "07_convolution")
    assert check("07.1").state == "todo"
    write(STUB, "return (n + padding - k) // stride + 1")
    verdict = check("output_size")
    assert not verdict
    assert "counted once" in repr(verdict)

    def output_size(n, k, stride, padding):
        return max(0, (n + 2 * padding - k) // stride + 1)

    assert check(output_size)


def test_a_function_from_a_cell_stands_alone():
    """conv_forward may call output_size, which this notebook does not have: it gets the reference's."""
    lesson, _ = find_exercise("conv_forward")
    source = lesson.solutions.replace("def output_size", "def another")
    namespace = {}
    exec(source, namespace)
    assert check(namespace["conv_forward"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def output_size(n, k, stride):\n    return 1", "stops with TypeError: output_size() takes 3"),
        ("x = 1", "there is no function 'output_size' in the file"),
        ("def output_size(:", "stops with SyntaxError"),
        ("import nowhere\ndef output_size(n, k, stride, padding):\n    return nowhere.to(n)", "calls nowhere.to"),
    ],
)
def test_files_that_are_not_as_they_should_be(course, text, message, monkeypatch):
    (course / "07_convolution" / "exercises.py").write_text(text)
    monkeypatch.chdir(course)
    assert message in check("07.1").message


def pytest_run(course, *words):
    command = [sys.executable, "-m", "pytest", "--strict-markers", "-rN", *words]
    folder = course / "07_convolution"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}  # not this run's coverage gate and workers
    return subprocess.run([*command, str(folder)], cwd=course, env=env, capture_output=True, text=True)


@pytest.mark.long
def test_pytest_on_stubs_answers_and_mistakes(course, write):
    untouched = pytest_run(course)
    assert untouched.returncode == 1
    assert f"{COUNT} todo" in untouched.stdout
    assert "07.2  conv_forward             not written yet" in untouched.stdout
    assert "Traceback" not in untouched.stdout + untouched.stderr
    write(STUB, RIGHT)
    one = pytest_run(course, "-m", "task_07_1")
    assert one.returncode == 0
    assert f"1 passed, {COUNT - 1} deselected" in one.stdout
    write('raise NotImplementedError("conv_dx: not written yet")', "return np.zeros((len(g), *size, w.shape[2]))")
    wrong = pytest_run(course, "-k", "conv_dx")
    assert wrong.returncode == 1
    assert "likely  it is zero everywhere: nothing is ever added to dx" in wrong.stdout
    assert "Traceback" not in wrong.stdout


def test_the_main_run_collects_no_exercises():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/test_random.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "task_" not in done.stdout
    settings = (ROOT / "setup.cfg").read_text()
    assert "testpaths = tests\n" in settings
