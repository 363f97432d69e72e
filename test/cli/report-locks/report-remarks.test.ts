import t from 'tap'
import { type PlacesOf, reportRemarks } from '../../../src/cli/report-locks/report-remarks.ts'
import type { Reported } from '../../../src/cli/report-locks/tell.ts'
import { BARE, NOW, release, reported, signedBy } from './reports.ts'

const ACME = signedBy('acme/demo')
const FAILED = { kind: 'failed', code: 'digest-mismatch', detail: 'other bytes' } as const
const UNKNOWN = { kind: 'unknown', code: 'unknown-upstream', detail: 'no answer' } as const

/** Every release stands once, at the line that is as long as its name. */
const places: PlacesOf = ({ project }) => [{ lock: 'uv.lock', line: project.length }]
const told = (report: Reported, placesOf = places) =>
  reportRemarks(report, placesOf).map(({ rule, level, line, message }) => [rule.id, level, line, message] as const)

t.test('of one lock, all that is worth a look is told at its line', async t => {
  const earlier = { version: release('bare', '0.9').version, uploaded: undefined }
  const report = reported([
    release('good', '1.0', ACME, { tenure: undefined }),
    release('never', '1.0'),
    release('bare', '1.0', BARE, { attestedBefore: earlier }),
    release('failed', '1.0', FAILED),
    release('unknown', '1.0', UNKNOWN),
    release('y', '1.0', BARE, { yanked: 'it is broken' }),
    release('archived', '1.0', BARE, { status: 'archived' }),
  ])
  t.strictSame(told(report), [
    [
      'report/unknown',
      'warning',
      7,
      'unknown 1.0: Could not be determined. unknown-1.0.tar.gz: unknown-upstream, no answer',
    ],
    [
      'report/failed',
      'error',
      6,
      'failed 1.0: Has evidence that fails. failed-1.0.tar.gz: digest-mismatch, other bytes',
    ],
    [
      'report/lost-earlier',
      'warning',
      4,
      'bare 1.0: Not attested, though an earlier release is. the last that is: 0.9',
    ],
    ['report/yanked', 'warning', 1, 'y 1.0: Yanked. it is broken'],
    ['report/status', 'note', 8, 'archived 1.0: Archived or deprecated. the project is archived'],
  ])
})

t.test('of two locks, what changed is told, and what is wrong whatever changed', async t => {
  const now = [
    release('lost', '2.0'),
    release('changed', '2.0', signedBy('mallory/demo')),
    release('same', '1.0', BARE, { yanked: 'an old story' }),
    release('fresh', '1.0', BARE, { yanked: 'a new one', released: NOW }),
    release('failed', '1.0', FAILED),
  ]
  const before = [
    release('lost', '1.0', ACME),
    release('changed', '1.0', ACME),
    release('same', '1.0'),
    release('failed', '1.0', FAILED),
  ]
  t.strictSame(
    told(reported(now, before)).map(([id, level, line]) => [id, level, line]),
    [
      ['report/failed', 'error', 6],
      ['report/lost', 'error', 4],
      ['report/changed', 'error', 7],
      ['report/yanked', 'warning', 5],
    ],
  )
})

t.test('a release is told at every line that names it, and what is about it does not depend on the line', async t => {
  const twice: PlacesOf = () => [
    { lock: 'a.lock', line: 1 },
    { lock: 'b.lock', line: 2 },
  ]
  const remarks = reportRemarks(reported([release('f', '1.0', FAILED)]), twice)
  t.match(remarks, [
    { lock: 'a.lock', line: 1, about: 'report/failed f 1.0' },
    { lock: 'b.lock', line: 2, about: 'report/failed f 1.0' },
  ])
})

t.test('what comes from no index is told; where locks are compared, only what is new of it', async t => {
  const aside = (fresh: boolean | undefined) => ({
    asides: [
      { lock: 'uv.lock', line: 3, kind: 'vcs', name: 'tool', why: 'it comes from a repository', fresh } as const,
    ],
  })
  const expected = [['report/not-looked-at-vcs', 'warning', 3, 'tool: not looked at: it comes from a repository']]
  t.strictSame(told(reported([], undefined, aside(undefined))), expected)
  t.strictSame(told(reported([], [], aside(true))), expected)
  t.strictSame(told(reported([], [], aside(false))), [])
})

t.test('an index that says nothing of provenance is told, also where nothing changed', async t => {
  const silent = [release('a', '1.0', { kind: 'unattested', silent: true })]
  for (const before of [undefined, silent])
    t.match(told(reported(silent, before)), [
      ['report/silent-index', 'warning', 1, /no provenance key, so that 1 file may be attested all the same/],
    ])
})
