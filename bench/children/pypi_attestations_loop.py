"""Verifications per second of pypi-attestations on real provenance documents, offline, as JSON.

Usage: pypi_attestations_loop.py TRUSTED_ROOT DOCUMENT...
"""

import json
import logging
import sys
import time

from pypi_attestations import Attestation, Distribution, Provenance
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier, policy

MEDIAN_OF = 5
ROUND_SECONDS = 0.5


def main() -> None:
    logging.disable(logging.CRITICAL)  # it warns about the absent policy at every call
    root, *paths = sys.argv[1:]
    verifier = Verifier(trusted_root=TrustedRoot.from_file(root))
    cases = [case for path in paths for case in read(path)]
    verify_all(verifier, cases)
    rates = sorted(rate(verifier, cases) for _ in range(MEDIAN_OF))
    print(json.dumps({"per_second": rates[MEDIAN_OF // 2]}))


def read(path):
    with open(path, "rb") as file:
        text = file.read()
    for bundle in Provenance.model_validate_json(text).attestation_bundles:
        for attestation in bundle.attestations:
            yield attestation.model_dump_json()


def verify_all(verifier, cases) -> None:
    for text in cases:
        attestation = Attestation.model_validate_json(text)
        kind, payload = verifier.verify_dsse(attestation.to_bundle(), policy.UnsafeNoOp())
        assert kind == "application/vnd.in-toto+json"
        subject = json.loads(payload)["subject"][0]
        Distribution(name=subject["name"], digest=subject["digest"]["sha256"])


def rate(verifier, cases) -> float:
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < ROUND_SECONDS:
        verify_all(verifier, cases)
        count += len(cases)
    return count / elapsed


if __name__ == "__main__":
    main()
