"""The yardstick: a Flask route that reads JSON and answers JSON, and does nothing else."""

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

app = Flask("trivial")


@app.post("/v1/reports")
def send_report() -> ResponseReturnValue:
    """Echo the id."""
    return jsonify(id=request.get_json()["id"]), 201
