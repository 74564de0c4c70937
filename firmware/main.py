# Shared dialect: what MicroPython starts on every board.
import station.app
from board import Board

station.app.run(Board())
