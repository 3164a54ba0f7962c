"""The compiled distributor: one module per concept, from memory up to the API.

`memory`, `names`, `heap` and `bits` are the material; `timers`, `skills`, `queues`, `contacts` and `agents` the tables;
`matching` says who may serve whom and who is best; `engine` is what happens on each event; `output` holds the decisions
until they become Python objects; `reading` shows the state; `distributor` is the API.  Each imports only earlier ones.
"""
