import t from 'tap'
import {
  renderFacts,
  renderHeadline,
  renderReason,
  renderSteps,
  renderYaml,
} from '../../../src/cli/report/explanation-text.ts'
import { drawn } from '../terminal/on-paper.ts'
import { ADMITTED, EVERY, REFUSED, UNKNOWN } from './explanations.ts'

t.test('the first line is the verdict', async t =>
  t.strictSame(
    EVERY.slice(0, 4).map(explanation => drawn(screen => renderHeadline(screen, explanation)).slice(0, 40)),
    [
      '✓ pkg-1.0-py3-none-any.whl: admitted\n',
      '✗ pkg-1.0.tar.gz: refused, no attestatio',
      '✓ pkg-1.1.tar.gz: admitted\n',
      '? pkg-1.2.tar.gz: cannot tell, upstream ',
    ],
  ),
)

t.test('then who, what and by which rule', async t => {
  t.match(
    drawn(screen => renderFacts(screen, ADMITTED)),
    /sha256 +[0-9a-f]{64}\n(?:.*\n)* +rule +projects\[0\] pkg \(policy\.yaml:2\)\n/,
  )
  t.notMatch(
    drawn(screen => renderFacts(screen, UNKNOWN)),
    'rule',
  )
})

t.test('then why, as a sentence, and what helps', async t => {
  t.match(
    drawn(screen => renderReason(screen, UNKNOWN)),
    / {2}why +no answer <from> it\.\n {2}help +\w/,
  )
  t.match(
    drawn(screen => renderReason(screen, REFUSED)),
    / {2}why +pkg-1\.0\.tar\.gz has no attestation/,
  )
})

t.test('a long value is told from where it leaves what was expected', async t => {
  const step = {
    mark: 'fail',
    check: 'source repository',
    expected: 'https://a.example/x',
    found: 'https://a.example/y',
  } as const
  t.equal(
    drawn(screen => renderSteps(screen, REFUSED, [step, { mark: 'pass', check: 'yanked', found: 'no' }])),
    `  ✗ source repository\n      expected  https://a.example/x\n      found     https://a.example/y\n  ✓ ${'yanked'.padEnd(38)} no\n`,
  )
})

t.test('last, the YAML that would admit it', async t => {
  t.match(
    drawn(screen => renderYaml(screen, REFUSED)),
    /This would admit it(?:.|\n)*\n---\n(?:.|\n)*\nexemptions:\n/,
  )
  t.equal(
    drawn(screen => renderYaml(screen, ADMITTED)),
    '',
  )
})
