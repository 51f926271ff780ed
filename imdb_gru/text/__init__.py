"""How text becomes tokens and tokens become ids, and how words are shown in colours."""
