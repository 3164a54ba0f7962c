"""One module for each step, named vNNNN_what.py; a step that was released is never changed."""
