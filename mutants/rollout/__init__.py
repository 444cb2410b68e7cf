"""Problems to preference groups: episodes by a teacher, labels by execution, chains for a student."""
