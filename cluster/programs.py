"""Programs that libraries compile their kernels with: `ninja`, which an environment brings, and CUDA's `nvcc`. Pure."""

import os
import shutil
import sysconfig
from collections.abc import Mapping

CUDA = "/usr/local/cuda"
"""Where CUDA's compiler is where nothing else says so."""


def with_own_programs(path: str) -> str:
    """A PATH on which programs of this interpreter's environment are found first.

    torch's and FlashInfer's builds run `ninja` from PATH. The locks install it into the environment, whose folder of
    programs is on PATH only in a shell in which the environment is activated.
    """
    own = sysconfig.get_path("scripts")
    others = [folder for folder in path.split(os.pathsep) if folder and folder != own]
    return os.pathsep.join([own, *others])


def find_nvcc(variables: Mapping[str, str]) -> str | None:
    """CUDA's compiler, where FlashInfer looks for it: in CUDA_HOME or CUDA_PATH, else on PATH or in /usr/local/cuda."""
    home = variables.get("CUDA_HOME") or variables.get("CUDA_PATH")
    if not home:
        if found := shutil.which("nvcc", path=variables.get("PATH", "")):
            return found
        home = CUDA
    return shutil.which(os.path.join(home, "bin", "nvcc"))
