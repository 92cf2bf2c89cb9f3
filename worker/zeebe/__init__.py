"""The engine side: jobs in, commands out. It knows nothing of REST or FEEL."""
