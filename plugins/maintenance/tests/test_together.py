"""The correlation of signals is learned and inverted; T2 is what a textbook says."""

from __future__ import annotations

from random import Random

import pytest

from edge_maintenance.together import (
    Together,
    chi2_quantile_99,
    correlation,
    inverted,
    shrinkage,
    t_squared,
)


def test_inverse_times_matrix_is_the_identity():
    matrix = [[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 1.5]]
    inverse = inverted(matrix)
    product = [[sum(map(float.__mul__, row, column)) for column in zip(*inverse, strict=True)] for row in matrix]
    for at, row in enumerate(product):
        assert row == pytest.approx([1.0 if at == column else 0.0 for column in range(3)], abs=1e-12)


def test_t_squared_is_that_of_two_correlated_signals_in_closed_form():
    rho = 0.6
    z = (1.5, -0.5)
    expected = (z[0] ** 2 - 2 * rho * z[0] * z[1] + z[1] ** 2) / (1 - rho**2)
    assert t_squared(inverted([[1.0, rho], [rho, 1.0]]), z) == pytest.approx(expected)


@pytest.mark.parametrize(("size", "value"), [(1, 6.635), (2, 9.210), (8, 20.090), (24, 42.980)])
def test_quantile_of_chi_squared_is_that_of_the_tables(size, value):
    assert chi2_quantile_99(size) == pytest.approx(value, rel=0.02)


def test_correlation_is_shrunk_the_more_the_fewer_independent_samples_there_are():
    assert shrinkage(8, 0.0) == 1.0
    assert shrinkage(8, 24.0) == pytest.approx(0.25)
    assert shrinkage(8, 1e6) == 0.1
    assert correlation([4.0, 3.0, 9.0], 2, 0.5) == [[1.0, 0.25], [0.25, 1.0]]


def test_signal_that_never_moved_goes_with_none():
    assert correlation([0.0, 0.0, 9.0], 2, 0.1) == [[1.0, 0.0], [0.0, 1.0]]


def test_percentile_is_learned_on_the_second_half_and_followed_afterwards():
    random = Random(3)
    together = Together("ab")
    together.independent = 100.0
    for at in range(400):
        pair = [random.gauss(0, 1), random.gauss(0, 1)]
        if at >= 200:
            together.rate(pair)
        together.learn(pair)
    together.finish()
    assert together.quantile >= chi2_quantile_99(2)
    before = together.quantile
    for _ in range(50):
        together.adapt(10 * before, 0.01)
    assert together.quantile > before


def test_state_comes_back_as_it_was():
    together = Together("abc")
    for at in range(10):
        together.learn([at, 1.0, -at])
    assert Together.restored(together.plain()).plain() == together.plain()


def test_percentile_is_that_of_t_squared_with_the_scales_of_the_whole():
    random = Random(4)
    together, size, wider = Together("abcdef"), 6, 2.0
    together.independent = 1000.0
    found = []
    for at in range(2000):
        deviations = [random.gauss(0, wider if at >= 1000 else 1.0) for _ in range(size)]
        if at >= 1000:
            together.rate(deviations)
            found.append(deviations)
        together.learn(deviations)
    together.finish()
    together.use()
    scales = [1 / together.deviation(at) for at in range(size)]
    inverse = together.inverse(range(size))
    rated = sorted(t_squared(inverse, [z * scale for z, scale in zip(one, scales, strict=True)]) for one in found)
    assert together.quantile == pytest.approx(rated[990], rel=0.1)


def test_what_is_left_of_fewer_signals_is_what_was_learned_of_them():
    together = Together("abc")
    together.means, together.quantile = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2 * chi2_quantile_99(3)
    left = together.less({"b"})
    assert (left.names, left.means) == (["a", "c"], [1.0, 4.0, 6.0])
    assert left.quantile == pytest.approx(2 * chi2_quantile_99(2))
    assert together.less("abc") is None


def test_one_disturbance_while_learning_does_not_make_it_numb():
    def learned(disturbed: float) -> float:
        random = Random(5)
        together = Together("abcd")
        together.independent = 100.0
        for at in range(360):
            deviations = [random.gauss(0, 1) for _ in range(4)]
            if 300 <= at < 306:
                deviations[0] += disturbed
            if at >= 180:
                together.rate(deviations)
            together.learn(deviations)
        together.finish()
        return together.quantile

    assert learned(50.0) < 4 * learned(0.0)
