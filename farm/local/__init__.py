"""One machine, no set-up: embedded broker, local workers, drain to the end."""
