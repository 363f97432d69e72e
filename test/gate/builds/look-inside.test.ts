// guards: src/gate/builds/fetch-verified.ts src/gate/builds/builds.ts
import { Readable } from 'node:stream'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import { Admitted } from '../../../src/domain/decide/verdict.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import { createLookInside } from '../../../src/gate/builds/look-inside.ts'
import { type Origin, untrusted } from '../../../src/ports/outward.ts'
import { tarGz } from '../../world/index/archives.ts'
import { makeSdist, makeWheel } from '../../world/index/distributions.ts'
import { listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

const OPEN = policyOf('version: 1\nmode: enforce\ndefaults:\n  attestation: optional\n  unmatched: apply-defaults\n')

function admitted(filename: string, bytes: Buffer, changes: Partial<Artifact> = {}): Admitted {
  const artifact = listed(filename, { sha256: sha256Of(bytes), size: bytes.length, ...changes })
  const verdict = decide(artifact, UNATTESTED, OPEN, NO_HISTORY, NOW)
  if (!Admitted.is(verdict)) throw new TypeError(verdict.code)
  return verdict
}

/** An origin that sends these bytes for every file, and counts. */
function sending(file: Buffer, metadata?: Buffer) {
  const asked = { file: 0, metadata: 0 }
  const origin: Origin = {
    async file() {
      asked.file += 1
      return untrusted({ body: Readable.from([file.subarray(0, 10), file.subarray(10)]), length: undefined })
    },
    async metadata(_artifact, take) {
      asked.metadata += 1
      if (metadata === undefined) return { kind: 'absent' }
      return { kind: 'metadata', taken: await take(untrusted(Readable.from([metadata]))) }
    },
  }
  return { inside: createLookInside(origin), asked }
}

const SDIST = makeSdist({ name: 'demo', version: '1.0', buildRequires: ['hatchling>=1'] })
const WHEEL = makeWheel({ name: 'demo', version: '1.0', requires: ['one', 'two>=2 ; extra == "x"'] })

t.test('a source distribution says what its build requires', async t => {
  const { inside } = sending(SDIST.bytes)
  for (const changes of [{}, { size: undefined }])
    t.strictSame(await inside.buildRequires(admitted(SDIST.filename, SDIST.bytes, changes)), {
      requires: ['hatchling>=1'],
      from: 'declared',
    })
  const odd = tarGz([{ name: 'demo-1.0/pyproject.toml', bytes: Buffer.from('[build-system]\n') }])
  t.match(await sending(odd).inside.buildRequires(admitted(SDIST.filename, odd)), /is not a list of texts/)
  const none = Buffer.from('this is no archive')
  t.match(await sending(none).inside.buildRequires(admitted(SDIST.filename, none)), /incorrect header/)
})

t.test('bytes that are not those of the index are not looked into', async t => {
  const mismatch = { code: 'integrity-mismatch' }
  const other = makeSdist({ name: 'demo', version: '1.0', buildRequires: ['evil'] })
  const padded = Buffer.concat([SDIST.bytes, Buffer.alloc(1)])
  for (const [what, bytes] of [
    ['another file', other.bytes],
    ['a longer one', padded],
    ['a shorter one', SDIST.bytes.subarray(0, SDIST.bytes.length - 1)],
  ] as const) {
    await t.rejects(sending(bytes).inside.buildRequires(admitted(SDIST.filename, SDIST.bytes)), mismatch, what)
    const sizeless = admitted(SDIST.filename, SDIST.bytes, { size: undefined })
    await t.rejects(sending(bytes).inside.buildRequires(sizeless), mismatch, what)
  }
})

t.test('what is too large is not fetched', async t => {
  const { inside, asked } = sending(SDIST.bytes)
  const large = admitted(SDIST.filename, SDIST.bytes, { size: 200 * 1024 * 1024 })
  t.match(await inside.buildRequires(large), /more than 134217728 bytes/)
  t.equal(asked.file, 0)
})

t.test('a wheel says what it requires: by its announced METADATA, or by its own', async t => {
  const requires = ['one', 'two>=2 ; extra == "x"']
  const announced = admitted(WHEEL.filename, WHEEL.bytes, { coreMetadata: sha256Of(WHEEL.metadata) })
  const beside = sending(WHEEL.bytes, WHEEL.metadata)
  t.strictSame(await beside.inside.requiresDist(announced), requires)
  t.strictSame(await beside.inside.requiresDist(announced), requires)
  t.strictSame(beside.asked, { file: 0, metadata: 1 }, 'the wheel is not fetched for it, and nothing twice')
  const within = sending(WHEEL.bytes)
  t.strictSame(await within.inside.requiresDist(admitted(WHEEL.filename, WHEEL.bytes)), requires)
  t.strictSame(within.asked, { file: 1, metadata: 0 })
  t.strictSame(await sending(WHEEL.bytes).inside.requiresDist(announced), requires, 'announced, and not there')
  const plain = makeWheel({ name: 'demo', version: '1.0' })
  t.strictSame(await sending(plain.bytes).inside.requiresDist(admitted(plain.filename, plain.bytes)), [])
})

t.test('METADATA that is not the announced one, or of another release, is not believed', async t => {
  const announced = admitted(WHEEL.filename, WHEEL.bytes, { coreMetadata: sha256Of(WHEEL.metadata) })
  const other = makeWheel({ name: 'other', version: '1.0' }).metadata
  await t.rejects(sending(WHEEL.bytes, other).inside.requiresDist(announced), { code: 'integrity-mismatch' })
  const posing = admitted(WHEEL.filename, WHEEL.bytes, { coreMetadata: sha256Of(other) })
  t.match(await sending(WHEEL.bytes, other).inside.requiresDist(posing), /names another project/)
})
