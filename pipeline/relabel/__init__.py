"""`chainpref relabel`: a run's stored episodes and scores, judged again with the toolboxes and checkers of today."""
