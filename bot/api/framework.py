"""FastAPI, whose models of OpenAPI pages wait until somebody needs them: ours are described here.

Pydantic would make validators for forty of them, a tenth of a server's start.
"""

from __future__ import annotations

from pydantic import BaseModel

BaseModel.model_config["defer_build"] = True
try:
    from fastapi import APIRouter, FastAPI
    from fastapi.exceptions import RequestValidationError
finally:
    del BaseModel.model_config["defer_build"]

__all__ = ["APIRouter", "FastAPI", "RequestValidationError"]
