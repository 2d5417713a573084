"""What is run and concluded: variants, fits, effects, studies, the report and the command line."""
