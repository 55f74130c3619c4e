"""Runs upki-ra from its package, which brings no program of its own: registers when it has not, then serves."""

import os

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

from upki_ra.registration_authority import RegistrationAuthority
from upki_ra.routes import create_acme_routes, create_client_routes, create_private_routes, create_public_routes

ra = RegistrationAuthority(
    data_dir=os.environ["UPKI_DATA_DIR"],
    ca_host=os.environ["UPKI_CA_HOST"],
    ca_port=int(os.environ["UPKI_CA_PORT"]),
)
if not ra.is_registered():
    names = [{"type": "DNS", "value": name} for name in os.environ["UPKI_RA_SANS"].split(",")]
    ra.register_with_ca(seed=os.environ["UPKI_CA_SEED"], cn=os.environ["UPKI_RA_CN"], sans=names)
ra.sync_admins_from_ca()

app = FastAPI()
app.include_router(create_acme_routes(ra))
app.include_router(create_public_routes(ra), prefix="/api/v1")
app.include_router(create_private_routes(ra), prefix="/api/v1/private")
app.include_router(create_client_routes(ra), prefix="/api/v1/client")


@app.exception_handler(HTTPException)
async def refuse(_request, error):
    kind = "urn:ietf:params:acme:error:malformed"
    return JSONResponse({"type": kind, "detail": str(error.detail), "status": error.status_code}, error.status_code)


uvicorn.run(app, host=os.environ["UPKI_RA_HOST"], port=int(os.environ["UPKI_RA_PORT"]))
