"""What happens to a patient: every rule of the trial, once, in the order of a patient's story."""
