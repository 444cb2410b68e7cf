"""What a recipe says of an arm that learns in rounds: how its policy attempts problems, and what the teacher begins."""

from typing import Literal

from pydantic import Field, model_validator

from cluster.config import Section


class RoundsConfig(Section):
    """An arm that learns in rounds: its own policy attempts train problems, and learns from what came of it."""

    rounds: int = Field(default=4, ge=1)
    """Rounds at most. Each one makes attempts, labels them and trains one update on them. Unit: rounds."""
    problems: int = Field(default=64, ge=1)
    """Train problems that a round attempts. Unit: problems."""
    samples: int = Field(default=8, ge=1)
    """Attempts at each of them, at temperature 1 and top_p 1. Unit: episodes."""
    fresh: bool = True
    """Attempt other problems in each round, until all have been attempted. If false, every round attempts the same."""
    reference: Literal["start", "last"] = "start"
    """The reference of DPO: the model that the arm starts from (`start`), or the policy that begins the round
    (`last`). Other methods have none."""
    patience: int = Field(default=0, ge=0)
    """Stop after so many rounds in which the policy solved no greater share of the round's problems than a round
    before, and keep the best policy. A round's problems are measured before they are learnt from, so they validate it;
    for that they have to be fresh. At least two policies have to be measured: takes `rounds` of `max_staleness` + 3 or
    more. 0: run all rounds and keep the last policy. Unit: rounds."""
    max_staleness: int = Field(default=0, ge=0)
    """How many updates the policy that attempts a round may be older than the one that learns from it. 0: in step, each
    round is attempted by the policy that the round before made. Above 0, hosts attempt coming rounds while an update
    trains. Round r is attempted by the policy that r - `max_staleness` updates made, on any machines. Unit: updates."""

    max_own_tokens: int | None = Field(default=None, ge=1)
    """Begin no further round once the arm's policies wrote so many tokens, in all of its attempts: arms with
    equal limits write about as much. Absent: no limit. Unit: tokens."""
    max_seconds: float | None = Field(default=None, gt=0)
    """Begin no further round once the rounds took so much of the arm's time: its updates, what is scored for it, and an
    equal part of what arms do together. Absent: no limit. Unit: s."""

    @model_validator(mode="after")
    def _some_policy_is_that_old(self) -> "RoundsConfig":
        if self.max_staleness >= self.rounds:
            raise ValueError(
                f"max_staleness = {self.max_staleness}: in {self.rounds} rounds no policy is that many updates old; "
                f"set it to {self.rounds - 1} at most"
            )
        return self

    @model_validator(mode="after")
    def _patience_has_a_choice(self) -> "RoundsConfig":
        # The rounds up to `max_staleness` are attempted by the start model, and only later ones measure a policy.
        least = self.max_staleness + 3
        if self.patience and self.rounds < least:
            older = f" with max_staleness = {self.max_staleness}" if self.max_staleness else ""
            raise ValueError(
                f"patience = {self.patience}: {self.rounds} rounds{older} measure fewer than two policies, so there is "
                f"no better one to keep; set rounds to {least} at least, or leave patience out"
            )
        if self.patience and not self.fresh:
            raise ValueError(
                f"patience = {self.patience}: with fresh = false a round measures its policy on problems that it has "
                "learnt from; set fresh = true, or leave patience out"
            )
        return self

    def updates_before(self, number: int) -> int:
        """After how many updates round `number` is attempted. Rounds count from 0."""
        return max(0, number - self.max_staleness)


class GuideConfig(Section):
    """Turns of the teacher in a student's attempts: a share of them begins with the first turns of a right chain of the
    teacher's, from which the student goes on. The share falls, round by round, to none."""

    share: float = Field(default=0.5, gt=0, lt=1)
    """Share of a round's attempts that begin so, in the first round."""
    until: int | None = Field(default=None, ge=1)
    """The round from which on none does, counted from 0; up to it the share falls in a straight line. Absent: the last
    one."""

    def samples(self, number: int, rounds: RoundsConfig) -> int:
        """How many of a problem's attempts in round `number` begin so; never all."""
        until = rounds.rounds - 1 if self.until is None else self.until
        share = self.share * (1 - number / until) if number < until else 0.0
        return min(rounds.samples - 1, round(share * rounds.samples))

    def refuse_idle(self, rounds: RoundsConfig) -> None:
        """Raise ValueError where none of these rounds' attempts would begin so, or some rounds named are not there."""
        if self.until is not None and self.until > rounds.rounds:
            raise ValueError(f"guide.until = {self.until}: there are {rounds.rounds} rounds; lower it")
        if self.until is None and rounds.rounds == 1:
            raise ValueError(
                "guide: in the last round none of the attempts begins so, and rounds.rounds = 1; raise it, or set "
                "guide.until = 1"
            )
        if not self.samples(0, rounds):
            raise ValueError(
                f"guide.share = {self.share}: none of rounds.samples = {rounds.samples} attempts; raise one"
            )
