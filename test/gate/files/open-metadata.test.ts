import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import { Admitted } from '../../../src/domain/decide/verdict.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { createOpenMetadata } from '../../../src/gate/files/open-metadata.ts'
import type { OpenBlob } from '../../../src/ports/blobs.ts'
import { attested, listed, NOW, policyOf } from '../../world/judging/judging.ts'

const RULE = 'projects: [{ match: pkg, publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }] }]'
const BYTES = Buffer.from('Metadata-Version: 2.1\nName: pkg\nVersion: 1.0.0\n')
const SHA256 = sha256Of(BYTES)

function admitted(): Admitted {
  const verdict = decide(
    { ...listed(), coreMetadata: SHA256 },
    attested(),
    policyOf(`version: 1\n${RULE}`),
    NO_HISTORY,
    NOW,
  )
  if (!Admitted.is(verdict)) throw new Error('it is not admitted')
  return verdict
}

function opening(kept: boolean) {
  const state = { looks: 0, opened: 0 }
  const open = createOpenMetadata({
    metadata: {
      async look() {
        state.looks += 1
        return { kind: 'sound', sha256: SHA256 }
      },
    },
    documents: {
      async keep() {},
      writer: () => Promise.reject(new TypeError('nothing is kept here')),
      look: async () => true,
      kept: async () => BYTES,
      async open(sha256) {
        state.opened += 1
        const blob: Partial<OpenBlob> = { sha256, size: BYTES.length, close() {} }
        return kept ? (blob as OpenBlob) : undefined
      },
    },
  })
  return { state, open }
}

t.test('it is looked into once, and then opened alone', async t => {
  const { state, open } = opening(true)
  for (let reader = 0; reader < 3; reader += 1)
    t.match(await open(admitted()), { kind: 'opened', document: { sha256: SHA256 } })
  t.strictSame(state, { looks: 1, opened: 3 })
})

t.test('what was kept and is gone is unknown', async t => {
  await t.rejects(opening(false).open(admitted()), { code: 'unknown-store' })
})

t.test('only an admitted file has any', async t => {
  await t.rejects(opening(true).open({ kind: 'admitted', facts: admitted().facts } as unknown as Admitted), {
    code: 'unknown-bug',
  })
})
