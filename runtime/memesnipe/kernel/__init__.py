"""What every service stands on: errors, clock, ids, logs, metrics, health, settings. Imports nothing of ours."""
