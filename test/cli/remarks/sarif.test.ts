// guards: src/cli/remarks/remark.ts

import t from 'tap'
import type { Remark } from '../../../src/cli/remarks/remark.ts'
import { sarifOf } from '../../../src/cli/remarks/sarif.ts'
import { EVIL, remark } from './made-remark.ts'

interface Result {
  readonly ruleId: string
  readonly level: string
  readonly message: { readonly text: string }
  readonly locations: readonly object[]
  readonly partialFingerprints: object
}

interface Run {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string; readonly help: object }[] } }
  readonly invocations?: readonly object[]
  readonly results: readonly Result[]
}

function runOf(...remarks: readonly Remark[]): Run {
  const sarif = JSON.parse(sarifOf(remarks, { version: '1', folder: '/src' }))
  t.equal(sarif.version, '2.1.0')
  return sarif.runs[0]
}

t.test('each remark is a result, at its line of the lock', async t => {
  const { results } = runOf(remark(), remark({ level: 'note', line: 3, lock: '/src/a b/100%#.lock' }))
  t.match(results, [
    {
      ruleId: 'unattested',
      level: 'error',
      message: { text: 'pkg-1.0.tar.gz: has no attestation' },
      locations: [{ physicalLocation: { artifactLocation: { uri: 'uv.lock' }, region: { startLine: 10 } } }],
      partialFingerprints: { 'portcullis/v1': /^[0-9a-f]{64}$/ },
    },
    {
      level: 'note',
      locations: [{ physicalLocation: { artifactLocation: { uri: 'a%20b/100%25%23.lock' } } }],
    },
  ])
})

t.test('a fingerprint stays the same while the lock and its lines move', async t => {
  const [a, b, other] = runOf(remark(), remark({ lock: '/src/b/uv.lock', line: 99 }), remark({ about: 'q' })).results
  t.strictSame(a?.partialFingerprints, b?.partialFingerprints)
  t.notSame(a?.partialFingerprints, other?.partialFingerprints)
})

t.test('each rule that is used is explained once', async t => {
  const rule = { id: 'a-rule', title: 'a title', help: 'a help' }
  const { rules } = runOf(remark(), remark({ rule }), remark()).tool.driver
  t.strictSame(rules, [
    { id: 'a-rule', name: 'a-rule', shortDescription: { text: 'a title' }, help: { text: 'a help' } },
    {
      id: 'unattested',
      name: 'unattested',
      shortDescription: { text: 'not attested' },
      fullDescription: { text: 'Nobody signed it.' },
      help: { text: 'Ask the project.' },
    },
  ])
})

t.test('a message is text alone, whatever it says', async t => {
  const text = runOf(remark({ message: EVIL })).results[0]?.message.text ?? ''
  t.match(text, 'click')
  t.notMatch(text, /[^\P{C}]|\]\(/u, 'no control character, and no link')
  const long = runOf(remark({ message: 'long '.repeat(1_000) })).results[0]?.message.text ?? ''
  t.ok(long.length <= 1_001, `${long.length} characters`)
})

t.test('what is more than GitHub takes is left out, the worst last, and counted', async t => {
  const notes = Array.from({ length: 25_000 }, (_, at) => remark({ level: 'note', about: `note ${at}` }))
  const run = runOf(...notes, remark({ message: 'the worst' }))
  t.ok(run.results.length <= 25_000, `${run.results.length} results`)
  t.match(run.results.at(-1), { level: 'error', message: { text: 'the worst' } }, 'it stays where it was')
  t.match(run.invocations, [{ toolExecutionNotifications: [{ message: { text: /^\d+ more findings/ } }] }])
  const wordy = Array.from({ length: 20_000 }, (_, at) => remark({ message: `ü${at}`.repeat(400) }))
  for (const many of [notes, wordy]) {
    const bytes = Buffer.byteLength(sarifOf(many, { version: '1', folder: '/src' }))
    t.ok(bytes < 10_000_000, `${bytes} bytes`)
  }
  t.notOk(runOf(remark()).invocations)
})
