import t from 'tap'
import { sarifOf } from '../../../src/cli/report/sarif.ts'
import { EVERY, REFUSED, surveyed } from './explanations.ts'

interface Sarif {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string; readonly help: object }[] } }
      readonly results: readonly {
        readonly ruleId: string
        readonly level: string
        readonly locations: readonly object[]
        readonly partialFingerprints: object
      }[]
    },
  ]
}

function reported(...args: Parameters<typeof sarifOf>): Sarif['runs'][0] {
  return (sarifOf(...args) as Sarif).runs[0]
}

const FINDING = {
  lock: '/src/uv.lock',
  kind: 'vcs',
  name: 'direct',
  version: undefined,
  why: 'w',
  index: undefined,
  line: 3,
} as const

t.test('each file that is not admitted is a result, at its line of the lock', async t => {
  const { results } = reported({ surveyed: EVERY.map(it => surveyed(it)), findings: [FINDING] }, '1', '/work')
  t.strictSame(
    results.map(({ ruleId, level }) => [ruleId, level]),
    [
      ['unattested', 'error'],
      ['unattested', 'note'],
      ['unknown-upstream', 'warning'],
      ['not-listed', 'error'],
      ['not-judged-vcs', 'error'],
    ],
  )
  t.match(results[0]?.locations, [
    { physicalLocation: { artifactLocation: { uri: 'uv.lock' }, region: { startLine: 10 } } },
  ])
})

t.test('each code that is used is explained once', async t => {
  const { tool } = reported({ surveyed: EVERY.map(it => surveyed(it)), findings: [FINDING] }, '1', '/work')
  const { rules } = tool.driver
  t.strictSame(
    rules.map(({ id }) => id),
    ['not-judged-vcs', 'not-listed', 'unattested', 'unknown-upstream'],
  )
  for (const { id, help } of rules) t.match(help, { text: /\w/ }, id)
})

t.test('a fingerprint stays the same while the lock moves', async t => {
  const prints = (lock: string) =>
    reported({ surveyed: [surveyed(REFUSED, lock)], findings: [] }, '1', '/work').results.map(
      ({ partialFingerprints }) => partialFingerprints,
    )
  t.strictSame(prints('/src/a/uv.lock'), prints('/src/b/uv.lock'))
  t.match(prints('/src/uv.lock'), [{ 'portcullis/v1': /^[0-9a-f]{64}$/ }])
})
