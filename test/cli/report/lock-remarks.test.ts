import t from 'tap'
import { lockRemarks } from '../../../src/cli/report/lock-remarks.ts'
import { EVERY, REFUSED, surveyed } from './explanations.ts'

const FINDING = {
  lock: '/src/uv.lock',
  kind: 'vcs',
  name: 'direct',
  version: undefined,
  why: 'w',
  index: undefined,
  line: 3,
} as const

t.test('each file that is not admitted is worth a remark, and so is what was not judged', async t => {
  const remarks = lockRemarks({ surveyed: EVERY.map(it => surveyed(it)), findings: [FINDING] })
  t.strictSame(
    remarks.map(({ rule, level, lock, line }) => [rule.id, level, lock, line]),
    [
      ['unattested', 'error', '/src/uv.lock', 10],
      ['unattested', 'note', '/src/uv.lock', 10],
      ['unknown-upstream', 'warning', '/src/uv.lock', 10],
      ['not-listed', 'error', '/src/uv.lock', 10],
      ['not-judged-vcs', 'error', '/src/uv.lock', 3],
    ],
  )
  for (const { rule } of remarks) t.match(rule, { title: /\w/, help: /\w/ }, rule.id)
})

t.test('what it is about stays the same while the lock moves', async t => {
  const about = (lock: string) =>
    lockRemarks({ surveyed: [surveyed(REFUSED, lock)], findings: [] }).map(remark => remark.about)
  t.strictSame(about('/src/a/uv.lock'), about('/src/b/uv.lock'))
  t.match(about('/src/uv.lock'), [/^pkg:pypi\/pkg@1\.0\?file_name=pkg-1\.0\.tar\.gz [0-9a-f]{64} unattested$/])
})
