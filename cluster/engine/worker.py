"""A method that every worker of a vLLM engine gets: vLLM mixes this class into its own worker class, by its name.

Only the worker holds the modules of the model, and it runs only its own methods: sending a function to it would need
pickle.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def expanded(
    of_requests: "Tensor", ends: "Tensor", tokens: int, replace_from: float = 0, replace_to: float = 0
) -> "Tensor":
    """[requests] values as [tokens] values: that of a request for each of its tokens, whose counts add up to `ends`.
    Where a value is `replace_from` it becomes `replace_to`."""
    counts = ends.diff(prepend=ends.new_zeros(1))
    values = of_requests.repeat_interleave(counts, output_size=tokens)
    return values.masked_fill(values == replace_from, replace_to)


class WorkerExtension:
    """Methods of a vLLM worker; `collective_rpc` calls them by name on every rank."""

    model_runner: Any

    def repack_tied_weights(self) -> list[str]:
        """Let every module that shares its weight with another one prepare that weight for its kernels again.

        With tied embeddings a checkpoint holds no output head. vLLM's `reload_weights` then replaces the weight
        that embedding and head share, but prepares it only for the module that was loaded; the head goes on
        computing with what was prepared from the weight before. On the CPU that is a packed copy, on a GPU nothing.
        Returns the names of the modules that it prepared.
        """
        sharing: dict[int, list[tuple[str, Any]]] = {}
        for name, module in self.model_runner.get_model().named_modules():
            weight = module._parameters.get("weight")
            if weight is not None and weight.numel():
                sharing.setdefault(id(weight), []).append((name, module))
        repacked = []
        for modules in sharing.values():
            if len(modules) == 1:
                continue
            for name, module in modules:
                method = getattr(module, "quant_method", None)
                if method is not None:
                    method.process_weights_after_loading(module)
                    repacked.append(name)
        return repacked

    def expand_temperatures(self) -> None:
        """Let a speculating engine on the CPU give each guessed token the temperature of its request.

        vLLM 0.32's replacement for the Triton kernel writes them into a copy that it drops, so that logits are divided
        by whatever lies in memory: tokens are then accepted that the model would not sample. Found by the frequencies
        of `tests/cluster/engine/test_speculation.py`.
        """
        from vllm.v1.sample import rejection_sampler

        rejection_sampler.expand_batch_to_tokens = expanded

    def tensor_sums(self) -> dict[str, tuple[int, float, float]]:
        """Name -> number of elements, sum, and sum of absolute values of every tensor that this rank still holds.

        The CPU build drops a weight once it has packed it; such tensors are left out.
        """
        sums = {}
        for name, tensor in self.model_runner.get_model().named_parameters():
            if tensor.numel():
                values = tensor.detach().double()
                sums[name] = (values.numel(), float(values.sum()), float(values.abs().sum()))
        return sums
