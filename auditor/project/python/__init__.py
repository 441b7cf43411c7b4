"""What Python source says: modules, scopes, values, guards and uses, all on `ast`.

Nothing here imports or runs the audited code; everything is read from syntax trees.
"""
