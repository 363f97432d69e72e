import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { generatedFiles } from '../../scripts/generate.ts'
import { CONFIG_KEYS } from '../../src/config/keys.ts'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { ERRORS } from '../../src/domain/base/errors.ts'
import { IMPORT_REFUSALS } from '../../src/domain/base/import-refusal.ts'
import { REFUSALS } from '../../src/domain/base/refusal.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../src/protocol/yaml/diagnostic.ts'
import { runCommand } from '../world/commands/commands.ts'
import { NOW } from '../world/judging/judging.ts'

const ROOT = { digest: sha256Of('acme'), json: '{}' }
const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

/** What people read to learn of commands: the README, and the pages that it leads to. */
const PAGES = [
  README,
  ...globSync('docs/**/*.md', { cwd: join(import.meta.dirname, '../..') }).map(path =>
    readFileSync(join(import.meta.dirname, '../..', path), 'utf8'),
  ),
].join('\n')

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
  for (const code of [...Object.keys(REFUSALS), ...Object.keys(ERRORS), ...Object.keys(IMPORT_REFUSALS)])
    t.match(block('codes'), `\n| \`${code}\` |`)
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

/** What a recipe leaves to the rest of a policy. */
const AROUND: readonly (readonly [sign: RegExp, rest: string])[] = [
  [/^version:/m, ''],
  [/project: six/, 'version: 1\nprojects: [{ match: six }]\n'],
  [/^projects:/m, 'version: 1\n'],
  [/unmatched: apply-defaults/, 'version: 1\n'],
  [
    /sampleproject-4\.0\.0/,
    'version: 1\nprojects: [{ match: sampleproject, publishers: [{ kind: github, repository: pypa/sampleproject, workflow: release.yml }] }]\n',
  ],
  [/in-house/, 'version: 1\nprojects: [{ match: acme-build, publishers: [in-house] }]\n'],
  [/./, 'version: 1\nprojects: [{ match: other, deny: no }]\n'],
]

t.test('every recipe of the policy page loads as it stands', async t => {
  const page = readFileSync(join(import.meta.dirname, '../../policies/README.md'), 'utf8')
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  t.ok(blocks.length >= 10, `${blocks.length} blocks`)
  for (const block of blocks) {
    const [, rest = ''] = AROUND.find(([sign]) => sign.test(block)) ?? []
    const loaded = loadPolicy([{ path: 'p.yaml', text: `${rest}${block}` }], NOW, () => ROOT)
    t.strictSame(
      'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic),
      [],
      block.split('\n').slice(0, 2).join(' '),
    )
  }
})

t.test('the README or a page of docs/ names every command', async t => {
  const { out } = await runCommand(['--help'], { folder: t.testdir() })
  const names = [...out.matchAll(/^ {2}([a-z]+)(?: ([a-z]+))? /gm)].map(([, name = '', only]) =>
    [name, only].filter(Boolean).join(' '),
  )
  for (const name of names.filter(it => it !== 'help' && it !== 'policy')) t.ok(PAGES.includes(`\`${name}`), name)
  const policy = await runCommand(['policy', '--help'], { folder: t.testdir() })
  for (const [, name = ''] of policy.out.matchAll(/^ {2}([a-z]+) \[/gm))
    if (name !== 'help') t.ok(PAGES.includes(`\`policy ${name}`), `policy ${name}`)
})
