"""Functions written for microchain. With microchain installed they derive from `microchain.Function`; what counts are
the attributes `description`, `example_args` and `__call__`."""


class Sum:
    @property
    def description(self) -> str:
        return "Use this function to compute the sum of two numbers"

    @property
    def example_args(self) -> list[float]:
        return [2, 2]

    def __call__(self, a: float, b: float) -> float:
        return a + b


class Remember:
    """`self.state` is the problem's state, shared by the functions of one episode."""

    state: dict[str, str]

    @property
    def description(self) -> str:
        return "Use this function to write a fact down"

    @property
    def example_args(self) -> list[str]:
        return ["capital", "Paris"]

    def __call__(self, key: str, value: str) -> int:
        self.state[key] = value
        return len(self.state)
