import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { generatedFiles } from '../../scripts/generate.ts'
import { CONFIG_KEYS } from '../../src/config/keys.ts'
import { ERRORS } from '../../src/domain/errors.ts'
import { REFUSALS } from '../../src/domain/refusal.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

/** What stands in the README between the marks of a block. */
function block(name: string): string {
  return README.split(`<!-- ${name}:begin -->`)[1]?.split(`\n<!-- ${name}:end -->`)[0] ?? ''
}

for (const { path, found, fresh } of generatedFiles())
  t.equal(found, fresh, `${path} is what the code says (else run: node scripts/generate.ts)`)

t.test('the README names every setting, its variable and what it does', t => {
  for (const { key, environment, description } of CONFIG_KEYS) {
    t.match(block('configuration'), `| \`${key}\` | \`${environment}\` |`)
    t.ok(description.length > 10, `${key} has a description`)
  }
  t.end()
})

t.test('the README names every code that a client may meet', t => {
  for (const code of [...Object.keys(REFUSALS), ...Object.keys(ERRORS)]) t.match(block('codes'), `\n| \`${code}\` |`)
  t.end()
})

t.test('no cell of a table ends it', t => {
  for (const name of ['configuration', 'codes'])
    for (const table of block(name)
      .split('\n\n')
      .filter(text => text.startsWith('|'))) {
      const widths = new Set(table.split('\n').map(line => line.replaceAll('\\|', '').split('|').length))
      t.equal(widths.size, 1, `${name}: every line has as many cells`)
    }
  t.end()
})
