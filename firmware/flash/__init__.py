"""Putting the firmware on a board: plan, write what differs, verify by hash on the device."""

from firmware.flash.connection import BoardConnection, FlashError
from firmware.flash.console import Console
from firmware.flash.keys import KeyRefused, make_key, read_key
from firmware.flash.plan import ImagePlan, PlanError, PlannedFile, compile_firmware, plan_image
from firmware.flash.verify import Verification, verify
from firmware.flash.write import FlashResult, write_image

__all__ = [
    "BoardConnection", "Console", "FlashError", "FlashResult", "ImagePlan", "KeyRefused", "PlanError", "PlannedFile",
    "Verification", "compile_firmware", "make_key", "plan_image", "read_key", "verify", "write_image",
]  # fmt: skip
