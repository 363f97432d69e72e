import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { generatedFiles } from '../../scripts/generate.ts'
import { commandNames } from '../../scripts/reference.ts'
import { CONFIG_KEYS } from '../../src/config/keys.ts'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { ERRORS } from '../../src/domain/base/errors.ts'
import { IMPORT_REFUSALS } from '../../src/domain/base/import-refusal.ts'
import { LIMITS } from '../../src/domain/base/limits.ts'
import { REFUSALS } from '../../src/domain/base/refusal.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../src/protocol/yaml/diagnostic.ts'
import { runCommand } from '../world/commands/commands.ts'
import { NOW } from '../world/judging/judging.ts'

const ROOT = { digest: sha256Of('acme'), json: '{}' }
const PROJECT = join(import.meta.dirname, '../..')

function page(path: string): string {
  return readFileSync(join(PROJECT, path), 'utf8')
}

/** What stands in a page of the reference between the marks of its block. */
function block(name: string): string {
  return page(`docs/reference/${name}.md`).split(`<!-- ${name}:begin -->`)[1]?.split(`\n<!-- ${name}:end -->`)[0] ?? ''
}

for (const { path, found, fresh } of await generatedFiles())
  t.equal(found, fresh, `${path} is what the code says (else run: npm run generate)`)

t.test('the reference names every setting, its variable and what it does', t => {
  for (const { key, environment, description } of CONFIG_KEYS) {
    t.match(block('configuration'), `| \`${key}\` | \`${environment}\` |`)
    t.ok(description.length > 10, `${key} has a description`)
  }
  t.end()
})

t.test('the reference names every code that a client may meet', t => {
  for (const code of [...Object.keys(REFUSALS), ...Object.keys(ERRORS), ...Object.keys(IMPORT_REFUSALS)])
    t.match(block('codes'), `\n| \`${code}\` |`)
  t.end()
})

t.test('the reference names every metric that a gate tells, and every limit', async t => {
  const { body } = await createMetrics({ version: '0' }).render({
    trust: { source: 'pinned', fresh: true, digest: undefined, ageMs: 0, detail: '' } as never,
    blobBytes: 0,
    journalBytes: 0,
  })
  const told = [...body.matchAll(/^# TYPE (\S+) (\S+)/gm)].filter(([, name = '']) => !/_(process|nodejs)_/.test(name))
  t.ok(told.length > 20)
  for (const [, name, type] of told) t.match(block('metrics'), `\n| \`${name}\` | ${type} |`)
  for (const limit of Object.keys(LIMITS)) t.match(block('metrics'), `\n| \`${limit}\` |`)
})

t.test('the reference names every key at the top of a policy, and what a rule inherits once', async t => {
  const { properties } = JSON.parse(page('policies/policy.schema.json')) as { readonly properties: object }
  for (const key of Object.keys(properties)) t.match(block('policy'), `\`${key}\``)
  t.equal(block('policy').split('| `cooldown.min_age` |').length, 2)
})

t.test('no cell of a table ends it', t => {
  for (const name of ['configuration', 'codes', 'metrics', 'policy'])
    for (const table of block(name)
      .split('\n\n')
      .filter(text => text.startsWith('|'))) {
      const widths = new Set(table.split('\n').map(line => line.replaceAll('\\|', '').split('|').length))
      t.equal(widths.size, 1, `${name}: every line has as many cells`)
    }
  t.end()
})

t.test('the first page is short, and its picture small', async t => {
  t.ok(page('README.md').split('\n').length <= 151)
  t.ok(statSync(join(PROJECT, 'docs/images/refusal.png')).size < 150_000)
})

/** What a recipe leaves to the rest of a policy. */
const AROUND: readonly (readonly [sign: RegExp, rest: string])[] = [
  [/^version:/m, ''],
  [/project: six/, 'version: 1\nprojects: [{ match: six }]\n'],
  [/^projects:/m, 'version: 1\n'],
  [
    /demo_attested/,
    'version: 1\nprojects: [{ match: demo-attested, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }]\n',
  ],
  [/unmatched: apply-defaults/, 'version: 1\n'],
  [
    /sampleproject-4\.0\.0/,
    'version: 1\nprojects: [{ match: sampleproject, publishers: [{ kind: github, repository: pypa/sampleproject, workflow: release.yml }] }]\n',
  ],
  [/pins: /, 'version: 1\nprojects: [{ match: oldlib }]\n'],
  [/in-house/, 'version: 1\nprojects: [{ match: acme-build, publishers: [in-house] }]\n'],
  [/./, 'version: 1\nprojects: [{ match: other, deny: no }]\n'],
]

/** A page with policies, or parts of one: the configuration has other keys. */
const PAGES = ['README.md', 'policies/README.md', 'docs/tutorial.md', ...howTo()]
const OF_A_POLICY = /^(?:version|projects|publishers|exemptions|defaults|revocations|tests|mode|limits):/m
/** What the loader says of names of one's own that nobody signs yet; the pages say so beside them. */
const OWN_NAMES = /names no publisher, so that anybody’s attestation passes/

function howTo(): readonly string[] {
  return readdirSync(join(PROJECT, 'docs/how-to')).map(name => `docs/how-to/${name}`)
}

t.test('every recipe loads as it stands, without a warning', async t => {
  const [listed = ''] = [...page('policies/README.md').matchAll(/```text\n(\S+==[\s\S]*?)```/g)].map(
    ([, text = '']) => text,
  )
  const pinned = `demo-plain==1.0 --hash=sha256:${'a'.repeat(64)}\n`
  let count = 0
  for (const path of PAGES)
    for (const [, recipe = ''] of page(path).matchAll(/```yaml\n([\s\S]*?)```/g)) {
      if (!OF_A_POLICY.test(recipe)) continue
      count += 1
      const [, rest = ''] = AROUND.find(([sign]) => sign.test(recipe)) ?? []
      const loaded = loadPolicy(
        [{ path: 'p.yaml', text: `${rest}${recipe}` }],
        NOW,
        () => ROOT,
        () => (recipe.includes('demo-plain') ? pinned : listed),
      )
      const what = `${path}: ${recipe.split('\n').slice(0, 2).join(' ')}`
      t.strictSame('policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic), [], what)
      if ('policy' in loaded)
        t.strictSame(
          loaded.policy.warnings.filter(text => !OWN_NAMES.test(text)),
          [],
          what,
        )
    }
  t.ok(count >= 18, `${count} recipes`)
})

t.test('the reference says what every command is for, and all of its help', async t => {
  const [glance = ''] = page('docs/reference/commands.md').split('<!-- commands:begin -->')
  const named = async (path: readonly string[]): Promise<void> => {
    const { out } = await runCommand([...path, '--help'], { folder: t.testdir() })
    const names = commandNames(out)
    for (const name of names) await named([...path, ...name])
    if (names.length > 0) return
    const name = path.join(' ')
    t.ok(
      [`\`${name}\``, `\`${name} `].some(text => glance.includes(text)),
      `${name}, at a glance`,
    )
    t.match(block('commands'), `## portcullis ${name}\n`)
    for (const line of out.split('\n')) if (!block('commands').includes(line)) t.fail(`${name}: ${line}`)
  }
  await named([])
  t.ok(block('commands').split('\n## ').length > 20)
})
