"""Running the mesh on one machine: its servers, its rooms, and one log of them all."""

import warnings

# Nameko imports eventlet, which warns that it is being retired. An operator can do nothing about it.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
