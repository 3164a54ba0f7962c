"""The chat edge: who the visitors on the web are, which pages they have open, and the chat each of them is in."""
