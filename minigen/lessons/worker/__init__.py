"""The process in which a submission runs: `program` is started by `isolated_process`, and answers through a pipe.

It needs NumPy and nothing else of minigen. It is told inputs and never what is right: expected values are computed and
compared by the checker, so a submission can spoil its own answers and nothing else. `walls` shut it in, `libraries`
stand for what an exercise does not need, `answers` calls the student's function, `messages` go through the pipe.
"""
