/**
 * `npm run demo`: an index that stands for PyPI, with a Sigstore of its own, and a company's own index beside it; the real gate in front of
 * both on its defaults, and pip. No network, nothing to configure. On a terminal the gate goes on until Enter, so that its pages can be
 * opened; with `--stay` until Ctrl-C, whoever started it, and commands in another terminal can ask its index: docs/tutorial.md goes on
 * from there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { startGate } from '../test/world/gate/gate.ts'
import { ManualScope } from '../test/world/manual-scope.ts'
import { createWorld, type Release, type Scope, type World } from '../test/world/world.ts'
import { type Client, createClient, type Install } from './client.ts'
import { type CompanyStory, companyStories, lockText, type Story, stories } from './stories.ts'

const POLICY = `version: 1
projects:
  - match: "demo-*"       # this workflow signs them, and nobody else
    attestation: required
    publishers:
      - { kind: github, repository: acme/demo, workflow: release.yml, ref: "refs/tags/v*" }
  - match: "acme-*"       # our own; nobody signs them yet
    attestation: optional
  - match: "*"            # whoever signed first, and no name that looks like ours
    attestation: required
    identity: first-seen
    confusable: deny
`

interface Indexes {
  /** stands for PyPI */
  readonly open: World
  /** stands for where the company's own packages are uploaded to */
  readonly company: World
}

async function main(scope: Scope): Promise<boolean> {
  const indexes: Indexes = { open: await createWorld(scope), company: await createWorld(scope) }
  const published: Release[] = []
  for (const story of stories) published.push(await story.publish(indexes.open))
  for (const story of companyStories) await story.publish(indexes)
  const gate = await startGate(scope, indexes.open, {
    policy: POLICY,
    configuration: { upstream: undefined, sources: sourcesOf(indexes) },
  })
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-demo-'))
  scope.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const client = await createClient(folder, `${gate.url}/simple/`)
  introduce(indexes, gate.url, client)

  let asTold = true
  for (const [at, story] of [...stories, ...companyStories].entries()) {
    const requirement = 'requirement' in story ? story.requirement : `${story.project}==${story.version}`
    say('')
    say(styleText('bold', `${at + 1}. ${requirement.replace('==', ' ')}: ${story.told}`))
    const install = await client.install(requirement)
    report(install, story)
    if (install.code !== undefined) await explain(gate.url, install)
    asTold &&= install.installed === story.admitted && install.code === story.code
    if ('requirement' in story && story.admitted) asTold &&= tellUnheard(indexes, story)
  }
  say('')
  say(asTold ? 'Two admitted, four refused: the gate decided before a byte left.' : 'Not what was expected: see above.')
  say('Next: `npm start` puts the gate before PyPI; docs/how-to/own-index.md adds an index of your own, and')
  say('docs/how-to/clients.md says how to point pip, uv, poetry and pdm at it.')
  await stay(gate.url, indexes.open, published)
  return asTold
}

function sourcesOf({ company, open }: Indexes): Readonly<Record<string, object>> {
  return { acme: { index: company.upstream.origin, owns: ['acme-*'] }, pypi: { index: open.upstream.origin } }
}

function introduce({ open, company }: Indexes, url: string, { name }: Client): void {
  say(styleText('bold', 'Portcullis, a fail-closed PyPI mirror proxy'))
  say(
    `  PyPI    ${open.upstream.origin}  stands for it, with a certificate authority and a transparency log of its own`,
  )
  say(`  ours    ${company.upstream.origin}  a company’s own index, which its packages are uploaded to`)
  say(`  gate    ${url}  the real one, on its defaults, before both: clients have this one URL`)
  say(`  client  ${name}`)
  say('  configuration')
  say(styleText('dim', '    sources:'))
  say(styleText('dim', `      acme: { index: ${company.upstream.origin}, owns: ["acme-*"] }`))
  say(styleText('dim', `      pypi: { index: ${open.upstream.origin} }`))
  say('  policy')
  for (const line of POLICY.trimEnd().split('\n')) say(styleText('dim', `    ${line}`))
}

function report({ command, lines, installed }: Install, { admitted }: Story | CompanyStory): void {
  say(`   $ ${command}`)
  for (const line of lines) say(styleText('dim', `   ${line}`))
  const mark = installed ? styleText('green', '✓ admitted') : styleText('red', '✗ refused')
  say(`   ${mark}${installed === admitted ? '' : styleText('red', '  (that was not expected)')}`)
}

/** That the public index was not even asked about a name of ours. */
function tellUnheard({ open }: Indexes, { project }: CompanyStory): boolean {
  const heard = open.upstream.requests.filter(({ url }) => /acme[-_]core/.test(url)).length
  say(
    `   why: ${project} is a name of ours, so PyPI is not asked: ${heard === 0 ? 'it never heard of it' : `and heard of it ${heard} times`}`,
  )
  return heard === 0
}

/** What a browser shows at the URL that pip printed. */
async function explain(url: string, { explainId }: Install): Promise<void> {
  if (explainId === undefined) return
  const answer = await fetch(`${url}/x/${explainId}`, { headers: { accept: 'application/json' } })
  const { detail } = (await answer.json()) as { readonly detail?: unknown }
  if (typeof detail === 'string') say(`   why: ${detail}`)
  say(`   page: ${url}/x/${explainId}`)
}

/** Where somebody may be looking: nobody presses Enter in a script. */
async function stay(url: string, world: World, published: readonly Release[]): Promise<void> {
  const { stdin, stdout } = process
  const forGood = process.argv.includes('--stay')
  if (!forGood && !(stdin.isTTY && stdout.isTTY)) return
  const lock = join(world.folder, 'demo.txt')
  writeFileSync(lock, lockText(published))
  say('')
  say(`The gate stays at ${url}: open the pages named above. ${forGood ? 'Ctrl-C' : 'Enter'} ends it.`)
  say('What stands for PyPI, for commands in another terminal:')
  say('')
  say(
    `export PORTCULLIS_UPSTREAM_INDEX=${world.upstream.origin} PORTCULLIS_UPSTREAM_FILES=${world.upstream.filesOrigin}`,
  )
  say(`export PORTCULLIS_TRUST_ROOT=${world.trustRoot}`)
  say(`cp ${lock} .    # a lock of what is honest there`)
  await new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    if (!forGood) stdin.once('data', () => resolve()).once('end', () => resolve())
  })
  stdin.unref() // it was read from, and would be waited for
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const scope = new ManualScope()
try {
  process.exitCode = (await main(scope)) ? 0 : 1
} finally {
  await scope.end()
}
