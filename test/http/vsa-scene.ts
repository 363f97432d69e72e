import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parseSha256 } from '../../src/domain/base/digest.ts'
import { instant } from '../../src/domain/base/instant.ts'
import { holdSummary, readSummaryKey } from '../../src/protocol/attest/summary.ts'
import { type GateChanges, startGate } from '../world/gate/gate.ts'
import { createWorld, type Published, type World } from '../world/world.ts'
import { type Answered, createAsk } from './client.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const KEY = readSummaryKey(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString())
export const VERIFIER = 'https://gate.example'

export function vsaIn(world: World): Readonly<Record<string, unknown>> {
  const key = join(world.folder, 'vsa.pem')
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return { vsa: { key, verifier_id: VERIFIER } }
}

export async function scene(
  t: Test,
  before: (world: World) => Promise<readonly Published[]>,
  changes: GateChanges = {},
) {
  const world = await createWorld(t)
  const published = await before(world)
  const gate = await startGate(t, world, {
    ...changes,
    configuration: { ...vsaIn(world), ...changes.configuration },
  })
  const ask = createAsk(t, world, gate.url)
  const read = async (project = 'demo') => await ask(`/simple/${project}/`)
  return { world, published, gate, ask, read }
}

export function predicateOf({ body }: Answered): Readonly<Record<string, unknown>> {
  const { payload } = JSON.parse(body.toString())
  return JSON.parse(Buffer.from(payload, 'base64').toString()).predicate
}

export function holds(
  t: Test,
  answered: Answered,
  { filename, sha256 }: Pick<Published, 'filename' | 'sha256'>,
  message = 'a summary of this file',
): void {
  const parsed = parseSha256(sha256)
  if (KEY === undefined || parsed === undefined) throw new TypeError('a key and a sha256')
  t.equal(answered.status, 200, message)
  if (answered.status !== 200) return
  const demands = { filename, sha256: parsed, now: instant(Date.now()), verifierId: VERIFIER, maxAgeMs: 120_000 }
  t.match(holdSummary(answered.body, KEY, demands), { verifierId: VERIFIER }, message)
}
