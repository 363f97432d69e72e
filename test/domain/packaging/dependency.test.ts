import t from 'tap'
import { parseDependency } from '../../../src/domain/packaging/dependency.ts'

/** Text, and project, extras, specifiers and marker of it; nothing for what is no dependency on an index (PEP 508). */
const DEPENDENCIES: readonly (readonly [text: string, told: string | undefined])[] = [
  ['setuptools', 'setuptools [] / '],
  ['  Flit_Core >=3.4,<4 ', 'flit-core [] >=3.4,<4 / '],
  ['setuptools-scm[toml] >= 6.2', 'setuptools-scm [toml] >= 6.2 / '],
  ['demo[Fast_One, b]==1.0 ; python_version < "3.11"', 'demo [b,fast-one] ==1.0 / python_version < "3.11"'],
  ['demo (>=1.0, !=1.1)', 'demo [] >=1.0, !=1.1 / '],
  ['demo;', 'demo [] / '],
  ['demo @ https://files.example/demo.tar.gz', undefined],
  ['demo @ git+https://example.com/x', undefined],
  ['./demo', undefined],
  ['', undefined],
  ['demo >= ', undefined],
  ['demo[a b]', undefined],
  [`demo ${'>=1,'.repeat(2000)}`, undefined],
]

t.test('what a distribution needs is a project, extras, versions and a condition', async t => {
  for (const [text, told] of DEPENDENCIES) {
    const read = parseDependency(text)
    const shown =
      read &&
      `${read.project} [${read.extras.join()}] ${read.specifiers.text}${read.specifiers.text ? ' ' : ''}/ ${read.marker ?? ''}`
    t.equal(shown, told, text.slice(0, 60))
  }
})
