import t from 'tap'
import { renderRelease, type ToldRelease } from '../../../src/cli/report/release-summary.ts'
import type { ProjectName } from '../../../src/domain/packaging/name.ts'
import type { Version } from '../../../src/domain/packaging/version.ts'
import type { Explanation } from '../../../src/gate/explain/explanation.ts'
import { paper } from '../terminal/on-paper.ts'
import { ADMITTED, REFUSED, UNKNOWN, WATCHED } from './explanations.ts'

const RELEASE: ToldRelease = { project: 'pkg' as ProjectName, version: '1.0' as Version, chosen: 'as named' }

function told(explanations: readonly Explanation[], columns?: number): string {
  const output = paper(columns === undefined ? {} : { columns })
  renderRelease(output, RELEASE, explanations)
  return output.text
}

const renamed = (explanation: Explanation, filename: string): Explanation => ({
  ...explanation,
  file: { ...explanation.file, filename },
})

const wheels = (count: number, like: Explanation) =>
  Array.from({ length: count }, (_, index) => renamed(like, `pkg-1.0-cp${index}-cp${index}-any.whl`))

t.test('files of one outcome, rule and signer are one entry, what is refused first', t => {
  const text = told([...wheels(30, ADMITTED), REFUSED, UNKNOWN])
  t.match(text, /^pkg 1\.0: 32 files\n\n✗ 1 file: refused, no attestation \(unattested\)\n {2}pkg-1\.0\.tar\.gz\n/)
  t.match(text, /\n\n\? 1 file: cannot tell[\s\S]*\n\n✓ 30 files: admitted\n(?: {2}pkg\S+\n){3} {2}and 27 more\n/)
  t.match(text, /rule +projects\[0\] pkg/)
  t.match(text, /portcullis explain pkg==1\.0 --all\n$/)
  t.end()
})

t.test('the YAML is shown, and said to be of one file where there are several', t => {
  t.match(told([REFUSED]), /This would admit it[\s\S]*exemptions:/)
  t.match(
    told(wheels(2, REFUSED)),
    /\n {2}Each has YAML of its own; of pkg-1\.0-cp0-cp0-any\.whl:\n\n {2}This would admit it[\s\S]*exemptions:/,
  )
  t.end()
})

t.test('it never has more than 60 lines, and what has no room is counted', t => {
  const outcomes = Array.from({ length: 40 }, (_, index): Explanation => {
    const { outcome } = REFUSED
    if (!('kind' in outcome) || outcome.kind !== 'refused') throw new TypeError('it is refused')
    const rule = { id: `projects[${index}] pkg`, file: 'acme.yaml', line: index }
    return { ...renamed(REFUSED, `pkg-1.0-cp${index}-none-any.whl`), outcome: { ...outcome, rule } }
  })
  for (const columns of [undefined, 80, 40])
    for (const explanations of [outcomes, [...outcomes, ADMITTED, WATCHED], wheels(900, REFUSED), [REFUSED], []]) {
      const lines = told(explanations, columns).split('\n').length - 1
      t.ok(lines <= 60, `${lines} lines of ${explanations.length} files at ${columns ?? 'any'} columns`)
    }
  t.match(told(outcomes), /\n\d+ files more of other outcomes, rules or signers\.\n/)
  t.end()
})
