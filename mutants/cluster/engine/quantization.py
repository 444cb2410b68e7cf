"""Quantization methods that vLLM 0.32 knows by name, and the bytes that a parameter takes under each of them."""

import difflib

_FOUR = 0.5 + 2.5 / 128
"""Four bits, and a scale and a zero point for 128 of them (AWQ, GPTQ)."""
_FLOAT_FOUR = 0.5 + 1 / 32
"""Four bits, and a scale for 32 of them or fewer."""
QUANTIZATIONS: dict[str, float] = {
    **dict.fromkeys(("awq", "auto_awq", "awq_marlin", "gptq", "auto_gptq", "gptq_marlin", "moe_wna16"), _FOUR),
    **dict.fromkeys(("mxfp4", "gpt_oss_mxfp4", "modelopt_fp4", "nvfp4_per_token", "fp_quant"), _FLOAT_FOUR),
    **dict.fromkeys(("fp8", "fbgemm_fp8", "fp8_per_tensor", "fp8_per_block", "fp8_per_channel"), 1.0),
    **dict.fromkeys(("mxfp8", "modelopt", "modelopt_mxfp8", "modelopt_mixed", "deepseek_v4_fp8"), 1.0),
    **dict.fromkeys(("int8_per_channel_weight_only", "experts_int8"), 1.0),
    # These say in the checkpoint how many bits they have; eight where it does not.
    **dict.fromkeys(("compressed-tensors", "quark", "torchao", "inc", "humming", "online"), 1.0),
}
"""Name -> bytes a parameter of the layers' matrices."""


def refusal(name: str) -> str:
    """Why `name` is not a known method; empty where it is."""
    if name in QUANTIZATIONS:
        return ""
    nearest = difflib.get_close_matches(name.lower(), QUANTIZATIONS, 1, 0.4)
    meant = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(QUANTIZATIONS)}"
    return f"quantization {name!r}: vLLM 0.32 does not know it; {meant}"


def bytes_each(name: str, bits: int = 0) -> float:
    """Bytes of one parameter of the layers' matrices. `bits`: as the checkpoint says, 0 where it does not."""
    usual = QUANTIZATIONS[name]
    if not bits:
        return usual
    return bits / 8 + (_FOUR - 0.5 if usual == _FOUR else 0.0)
