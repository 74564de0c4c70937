# Shared dialect: what MicroPython starts on every board.
import gc

# Importing leaves garbage between what stays: collected early, what stays lies together and so does what is left.
gc.threshold(4096)

import station.app  # noqa: E402
from board import Board  # noqa: E402

station.app.run(Board())
