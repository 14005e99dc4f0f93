"""AMD GPUs: trees of files as the amdgpu driver makes them."""
