"""The language server: diagnostics while you type, entries on hover, the form that works as an action.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
"""
