"""The tables that ship, and the rules that they obey."""
