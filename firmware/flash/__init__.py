"""Putting the firmware on a board: plan, write what differs, verify by hash on the device."""

from firmware.flash.connection import BoardConnection, FlashError
from firmware.flash.plan import ImagePlan, PlanError, PlannedFile, compile_firmware, plan_image
from firmware.flash.verify import Verification, verify
from firmware.flash.write import FlashResult, write_image

__all__ = [
    "BoardConnection", "FlashError", "FlashResult", "ImagePlan", "PlanError", "PlannedFile", "Verification",
    "compile_firmware", "plan_image", "verify", "write_image",
]  # fmt: skip
