"""How findings are told."""

from minigen.report import findings


def test_the_columns_are_named_after_what_they_hold():
    """Where nothing is compared with real data, nothing is called a sample: a likelihood is of the test data."""
    nll = findings.Measure(1.25, None, "nats")
    compared = findings.table({"modes": findings.Measure(7, 8, "of 8"), "NLL": nll}).splitlines()
    assert compared[0].split() == ["measure", "samples", "real", "data"]
    assert compared[1].split() == ["modes", "7", "8", "of", "8"]
    alone = findings.table({"NLL": nll}).splitlines()
    assert alone[0].split() == ["measure", "value"]
    assert alone[1].split() == ["NLL", "1.25", "nats"]
