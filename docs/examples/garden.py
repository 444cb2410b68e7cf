"""Functions of a garden."""


def plant(beds: int, per_bed: int) -> int:
    """How many plants stand in several beds.

    Args:
        beds: number of beds
        per_bed: plants in each bed
    """
    return beds * per_bed


def water(plants: int, litres: int) -> int:
    """How many litres of water the plants need.

    Args:
        plants: number of plants
        litres: litres for each plant
    """
    return plants * litres


def fill(litres: int, can: int) -> int:
    """How many times a can is filled for so many litres.

    Args:
        litres: litres that are needed
        can: litres that a can holds, at least 1
    """
    if can < 1:
        raise ValueError("a can holds at least 1 litre")
    return -(-litres // can)
