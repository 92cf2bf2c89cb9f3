"""One HTTP call: what the modeler asked for, the exact request, the exchange, the response."""
