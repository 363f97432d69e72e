import t from 'tap'
import { renderSummary, summarise } from '../../../src/cli/report/lock-summary.ts'
import type { Lock } from '../../../src/protocol/lockfiles/lock.ts'
import { drawn } from '../terminal/on-paper.ts'
import { EVERY, POLICY, surveyed } from './explanations.ts'

const LOOK = EVERY.map(it => surveyed(it))
const LOCK: Lock = {
  path: '/src/uv.lock',
  kind: 'uv',
  packages: LOOK.map(it => it.package),
  unjudged: [
    { kind: 'url', name: 'a', version: undefined, why: 'w', index: undefined, line: 1 },
    { kind: 'url', name: 'b', version: undefined, why: 'w', index: undefined, line: 2 },
  ],
}

t.test('every file is counted once, under what became of it', async t =>
  t.match(summarise([LOCK], LOOK, POLICY), {
    locks: 1,
    packages: 4,
    files: 5,
    admitted: 2,
    watched: 1,
    refused: [{ code: 'unattested', files: 1 }],
    notListed: 1,
    unknown: 1,
    skipped: 2,
    unjudged: [{ kind: 'url', index: null, entries: 2 }],
  }),
)

t.test('a file that several locks name is one file', async t =>
  t.match(summarise([LOCK, LOCK], [...LOOK, ...LOOK], POLICY), { locks: 2, packages: 4, files: 5, admitted: 2 }),
)

t.test('what builds take stands in no lock, and its releases count as its files do', async t =>
  t.match(summarise([{ ...LOCK, packages: [] }], LOOK, POLICY), { packages: summarise([LOCK], LOOK, POLICY).packages }),
)

t.test('the summary says what there is, and leaves out what there is not', async t => {
  const text = drawn(screen => renderSummary(screen, summarise([LOCK], LOOK, POLICY)))
  t.match(text, /^5 files of 4 releases\n {2}attested {4}0 of 5 \(0 %\)\n {2}admitted {4}2\n/)
  t.match(text, / {2}not judged {2}2\n/)
  const nothing = drawn(screen => renderSummary(screen, summarise([], [], POLICY)))
  t.equal(nothing, '0 files of 0 releases\n  attested    0 of 0\n  admitted    0\n')
})
