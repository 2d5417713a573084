"""New roll calls beside a stored fit of many sessions, without fitting it again."""
