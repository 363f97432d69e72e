import { parentPort } from 'node:worker_threads'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { giveBackMemory } from '../../flow/give-back.ts'
import { verifyDocument } from '../evidence/document.ts'
import { encodeFinding } from '../evidence/finding-codec.ts'
import type { PreparedRoots } from '../evidence/trust-material.ts'
import { type PreparedTrust, PreparedTrusts } from '../evidence/trust-material.ts'
import type { VerifyAnswer, VerifyRequest, WarmUp } from './worker-messages.ts'

const trusts = new PreparedTrusts()

function answer(request: VerifyRequest): VerifyAnswer {
  const { id, bytes, filename, sha256 } = request
  try {
    const roots = rootsFor(request)
    if (roots === undefined) return { id, kind: 'trust-wanted' }
    return { id, kind: 'finding', finding: encodeFinding(verifyDocument(bytes, { filename, sha256 }, roots)) }
  } catch (error) {
    if (error instanceof GateError) return { id, kind: 'failed', code: error.code, detail: error.detail }
    return { id, kind: 'failed', code: 'unknown-verifier', detail: 'the verifier failed' }
  }
}

function rootsFor({ rootDigests, roots }: VerifyRequest): PreparedRoots | undefined {
  if (roots !== undefined) return trusts.prepareAll(roots)
  const sigstore = trusts.get(rootDigests.sigstore)
  const custom = new Map<Sha256, PreparedTrust>()
  for (const digest of rootDigests.custom) {
    const prepared = trusts.get(digest)
    if (prepared === undefined) return undefined
    custom.set(digest, prepared)
  }
  return sigstore === undefined ? undefined : { sigstore, custom }
}

function warmUp({ roots }: WarmUp): void {
  try {
    trusts.prepareAll(roots)
  } catch {
    // what is wrong with a root is told to whoever asks for something under it
  }
  giveBackMemory()
}

parentPort?.on('message', (message: VerifyRequest | WarmUp) => {
  if ('kind' in message) warmUp(message)
  else parentPort?.postMessage(answer(message))
})
