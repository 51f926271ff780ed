import platform
import subprocess
import sys

import pytest
from support.bundles import load_script
from support.paths import SCRIPTS

ZEN4 = (
    "avx2",
    "fma",
    "sse2",
    "64bit",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512cd",
    "avx512vnni",
    "avx512bf16",
)
DISPATCHED = ("X86_V3", "X86_V4", "AVX512_ICL", "AVX512_SPR")


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS / "benchmarks")
    return load_script("tiers")


@pytest.mark.parametrize(
    ("tier", "kept", "hidden", "kernels"),
    [
        ("AVX512-BF16", {"avx512bf16", "avx512vnni", "avx2"}, None, None),
        ("AVX-512", {"avx512f", "avx512bw", "avx2"}, "AVX512_ICL AVX512_SPR", "SKYLAKEX"),
        ("AVX2", {"avx2", "fma"}, "X86_V4 AVX512_ICL AVX512_SPR", "HASWELL"),
        ("generic", {"sse2"}, "X86_V3 X86_V4 AVX512_ICL AVX512_SPR", "PRESCOTT"),
    ],
)
def test_a_tier_hides_what_it_does_not_have(script, tier, kept, hidden, kernels):
    variables = script.restrict(tier, ZEN4, "znver4", DISPATCHED)
    features = {name.removeprefix("+") for name in variables["NUMBA_CPU_FEATURES"].split(",")}
    assert kept <= features
    for better in list(script.FEATURES)[: list(script.FEATURES).index(tier)]:
        assert not script.FEATURES[better] <= features
    assert variables.get("NPY_DISABLE_CPU_FEATURES") == hidden
    assert variables.get("OPENBLAS_CORETYPE") == kernels


def test_a_tier_that_the_machine_lacks_is_not_measured(script):
    assert script.restrict("AMX", ZEN4, "znver4", DISPATCHED) is None
    assert script.restrict("AVX-512", ("avx2", "fma"), "haswell", ()) is None
    assert script.restrict("AMX", (*ZEN4, "amx-tile", "amx-bf16"), "sapphirerapids", DISPATCHED) == {}


@pytest.mark.examples
@pytest.mark.keras
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the tiers are those of x86")
def test_tiers_are_measured_in_alternation():
    arguments = ["--data", "sample", "--reviews", "20", "--units", "8", "--tier", "generic", "--tier", "AMX"]
    command = [sys.executable, SCRIPTS / "benchmarks" / "tiers.py", *arguments, "--rounds", "1"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["generic", "AMX"]
    assert all(float(number.replace(",", "")) > 0 for number in lines[-2].split()[1:])
