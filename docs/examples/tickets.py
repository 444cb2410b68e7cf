"""A world for conversations: the tickets of a help desk, which calls change. Its public attributes are its state."""

from typing import Any, Literal


class Desk:
    """Made from `{"tickets": [{"id": 1, "title": "Printer is out of paper"}]}`."""

    def __init__(self, state: Any) -> None:
        self.tickets = {
            each["id"]: {"title": each["title"], "status": "open", "owner": ""} for each in state["tickets"]
        }
        self.sent: list[str] = []

    def find(self, word: str) -> list[int]:
        """Find the numbers of the tickets whose title has a word.

        Examples:
            find("printer")
        """
        return [number for number, each in self.tickets.items() if word.lower() in str(each["title"]).lower()]

    def assign(self, ticket: int, owner: str) -> str:
        """Give a ticket to somebody, who is told.

        Examples:
            assign(1, "Ann")
        """
        self.tickets[ticket]["owner"] = owner
        self.sent.append(f"{owner}: ticket {ticket}")
        return f"ticket {ticket} is {owner}'s"

    def close(self, ticket: int, reason: Literal["solved", "duplicate", "no fault"]) -> str:
        """Close a ticket.

        Examples:
            close(2, "solved")
        """
        if self.tickets[ticket]["status"] != "open":
            raise ValueError(f"ticket {ticket} is closed already")
        self.tickets[ticket]["status"] = reason
        return f"ticket {ticket} is closed"
