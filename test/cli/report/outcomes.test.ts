import t from 'tap'
import { labelOf, renderOthers, renderTally } from '../../../src/cli/report/outcomes.ts'
import { drawn } from '../terminal/on-paper.ts'
import { ADMITTED, EVERY, REFUSED, UNKNOWN, WATCHED } from './explanations.ts'

t.test('each file that would not be held is told, with its code and why', async t => {
  const text = drawn(screen => renderOthers(screen, [ADMITTED, REFUSED, UNKNOWN, WATCHED]))
  t.match(
    text,
    /^✗ pkg-1\.0\.tar\.gz: unattested\n {4}pkg-1\.0\.tar\.gz has no attestation.*\n\? pkg-1\.2\.tar\.gz: unknown-upstream\n {4}no answer <from> it\n$/,
  )
})

t.test('what became of a file is counted under words for it', async t =>
  t.strictSame(EVERY.map(labelOf), [
    'admitted, attested',
    'refused: unattested',
    'admitted only because the policy is in audit mode',
    'unknown: unknown-upstream',
    'not listed',
  ]),
)

t.test('equal words are one line, in the order in which they came', async t =>
  t.equal(
    drawn(screen => renderTally(screen, ['b', 'a', 'b'])),
    '      2  b\n      1  a\n',
  ),
)
