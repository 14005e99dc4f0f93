"""NVIDIA GPUs: the real nvidia-ml-py on a library that is not there."""
