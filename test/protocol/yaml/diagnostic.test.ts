import t from 'tap'
import { didYouMean, formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'

t.test('a diagnostic names its place', async t => {
  const diagnostic = { file: 'p.yaml', line: 2, column: 3, path: 'projects[0]', message: 'is wrong' }
  t.equal(formatDiagnostic(diagnostic), 'p.yaml:2:3 projects[0]: is wrong')
  t.equal(formatDiagnostic({ ...diagnostic, path: '' }), 'p.yaml:2:3 is wrong')
})

t.test('what was probably meant is near', async t => {
  const known = ['publishers', 'predicates', 'yanked']
  t.equal(didYouMean('publisher', known), ' (did you mean "publishers"?)')
  t.equal(didYouMean('yank', known), ' (did you mean "yanked"?)')
  for (const text of ['', 'y', 'match', 'x'.repeat(10_000)]) t.equal(didYouMean(text, known), '', text.slice(0, 10))
})
