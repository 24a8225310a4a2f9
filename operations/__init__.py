"""Running the mesh on one machine: its servers, its rooms, and one log of them all."""

import warnings

# nameko brings eventlet; that it is being retired is known, and no news for an operator.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
