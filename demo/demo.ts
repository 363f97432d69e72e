/**
 * `npm run demo`: an index of its own with its own Sigstore, the real gate in front of it on its defaults, and pip. No
 * network, nothing to configure. On a terminal the gate goes on until Enter, so that its pages can be opened; with `--stay` until
 * Ctrl-C, whoever started it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { startGate } from '../test/world/gate/gate.ts'
import { ManualScope } from '../test/world/manual-scope.ts'
import { createWorld, type Scope, type World } from '../test/world/world.ts'
import { createClient, type Install } from './client.ts'
import { type Story, stories } from './stories.ts'

const POLICY = `version: 1
mode: enforce
defaults:
  attestation: required
  unmatched: deny
projects:
  - match: "demo-*"
    publishers:
      - { kind: github, repository: acme/demo, workflow: release.yml, ref: "refs/tags/v*" }
`

async function main(scope: Scope): Promise<boolean> {
  const world = await createWorld(scope)
  for (const story of stories) await story.publish(world)
  const gate = await startGate(scope, world, { policy: POLICY })
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-demo-'))
  scope.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const client = await createClient(folder, `${gate.url}/simple/`)

  say(styleText('bold', 'Portcullis, a fail-closed PyPI mirror proxy'))
  say(`  index   ${world.upstream.origin}  embedded, with a certificate authority and a transparency log of its own`)
  say(`  gate    ${gate.url}  the real one, on its defaults`)
  say(`  client  ${client.name}`)
  say('  policy')
  for (const line of POLICY.trimEnd().split('\n')) say(styleText('dim', `    ${line}`))

  let asTold = true
  for (const [number, story] of stories.entries()) {
    say('')
    say(styleText('bold', `${number + 1}. ${story.project} ${story.version}: ${story.told}`))
    const install = await client.install(`${story.project}==${story.version}`)
    report(install, story)
    if (install.code !== undefined) await explain(gate.url, install)
    asTold &&= install.installed === story.admitted && install.code === story.code
  }
  say('')
  say(
    asTold ? 'One admitted, three refused: the gate decided before a byte left.' : 'Not what was expected: see above.',
  )
  say('Next: `npm start` puts the gate before PyPI; README.md says how to point pip, uv, poetry and pdm at it.')
  await stay(gate.url, world)
  return asTold
}

function report({ command, lines, installed }: Install, { admitted }: Story): void {
  say(`   $ ${command}`)
  for (const line of lines) say(styleText('dim', `   ${line}`))
  const mark = installed ? styleText('green', '✓ admitted') : styleText('red', '✗ refused')
  say(`   ${mark}${installed === admitted ? '' : styleText('red', '  (that was not expected)')}`)
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
async function stay(url: string, world: World): Promise<void> {
  const { stdin, stdout } = process
  const forGood = process.argv.includes('--stay')
  if (!forGood && !(stdin.isTTY && stdout.isTTY)) return
  say('')
  say(`The gate stays at ${url} (index ${world.upstream.origin}): open the pages named above.`)
  say(`${forGood ? 'Ctrl-C' : 'Enter'} ends it.`)
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
