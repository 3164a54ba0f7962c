"""Sans-IO parsers and machines of the protocols that Zentrale speaks itself: text in, objects out."""
