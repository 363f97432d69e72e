import { parentPort } from 'node:worker_threads'
import { GateError } from '../domain/errors.ts'
import { verifyDocument } from './document.ts'
import { encodeFinding } from './finding-codec.ts'
import { type PreparedTrust, PreparedTrusts } from './trust-material.ts'
import type { VerifyAnswer, VerifyRequest } from './worker-messages.ts'

const trusts = new PreparedTrusts()

function answer(request: VerifyRequest): VerifyAnswer {
  const { id, bytes, filename, sha256 } = request
  try {
    const trust = trustFor(request)
    if (trust === undefined) return { id, kind: 'trust-wanted' }
    return { id, kind: 'finding', finding: encodeFinding(verifyDocument(bytes, { filename, sha256 }, trust)) }
  } catch (error) {
    if (error instanceof GateError) return { id, kind: 'failed', code: error.code, detail: error.detail }
    return { id, kind: 'failed', code: 'unknown-verifier', detail: 'the verifier failed' }
  }
}

function trustFor({ trustDigest, trustJson }: VerifyRequest): PreparedTrust | undefined {
  if (trustJson === undefined) return trusts.get(trustDigest)
  return trusts.prepare({ digest: trustDigest, json: trustJson })
}

parentPort?.on('message', (request: VerifyRequest) => parentPort?.postMessage(answer(request)))
