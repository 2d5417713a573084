"""The report: one page from the files of results, for readers without Python and for reviewers."""
